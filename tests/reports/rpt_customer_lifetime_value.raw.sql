-- Each customer's segment once more, from the limits between the scores: the value that a fifth, two
-- fifths … of all customers are below.
with

customers as (

    select
        customer,
        min(purchased_at::date) as first_order_on,
        max(purchased_at::date) as last_order_on,
        count(*) as orders,
        count(revenue) as orders_with_items,
        coalesce(sum(revenue), 0) as revenue
    from {{ part('purchases') }}
    group by customer

),

-- The smallest value that so many fifths of the customers are below. None is below the smallest.
customers_counted as (

    select
        last_order_on,
        revenue,
        rank() over (order by last_order_on) - 1 as earlier,
        rank() over (order by revenue) - 1 as poorer,
        count(*) over () as everybody
    from customers

),

limits as (

    select
        max(last_order_on) as last_day,
        min(last_order_on) filter (where earlier * 5 >= everybody) as first_limit,
        min(last_order_on) filter (where earlier * 5 >= 2 * everybody) as second_limit,
        min(last_order_on) filter (where earlier * 5 >= 3 * everybody) as third_limit,
        min(revenue) filter (where poorer * 5 >= 3 * everybody) as monetary_limit,
        count(*) as everybody,
        sum(revenue) as all_revenue
    from customers_counted

),

customers_in_segments as (

    select
        customers.*,
        limits.everybody,
        limits.all_revenue,
        limits.last_day - customers.last_order_on as recency_days,
        case
            when customers.orders = 1 and limits.first_limit > customers.last_order_on then 'lost'
            when customers.orders = 1 and limits.second_limit > customers.last_order_on
                then 'hibernating'
            when customers.orders = 1 and limits.third_limit > customers.last_order_on
                then 'needs_attention'
            when customers.orders = 1 and customers.revenue >= limits.monetary_limit then 'potential'
            when customers.orders = 1 then 'new'
            when limits.second_limit > customers.last_order_on then 'at_risk'
            when
                limits.third_limit <= customers.last_order_on
                and customers.revenue >= limits.monetary_limit
                then 'champions'
            else 'loyal'
        end as segment
    from customers
    cross join limits

)

select
    segment,
    count(*) as customers,
    sum(orders)::bigint as orders,
    sum(orders_with_items)::bigint as orders_with_items,
    sum(revenue) as revenue,
    round(100.0 * count(*) / max(everybody), 2) as customers_percent,
    round(100 * sum(revenue) / nullif(max(all_revenue), 0), 4) as revenue_percent,
    round(avg(revenue), 2) as revenue_per_customer,
    round(avg(orders), 4) as orders_per_customer,
    round(avg(last_order_on - first_order_on), 2) as average_lifespan_days,
    round(avg(recency_days), 2) as average_recency_days,
    round(sum(revenue) / nullif(sum(orders_with_items), 0), 2) as average_order_value
from customers_in_segments
group by segment
