-- Each person's segment once more, from the limits between the scores: the value that a fifth, two
-- fifths … of all people are below.
with

revenue_by_order as (

    select
        order_id,
        sum(price::numeric(12, 2)) as revenue
    from raw.order_items
    where _deleted_at is null
    group by order_id

),

people as (

    select
        customers.customer_unique_id as person,
        min(orders.order_purchase_timestamp::date) as first_order_on,
        max(orders.order_purchase_timestamp::date) as last_order_on,
        count(*) as orders,
        count(revenue_by_order.order_id) as orders_with_items,
        coalesce(sum(revenue_by_order.revenue), 0) as revenue
    from raw.orders
    inner join raw.customers
        on orders.customer_id = customers.customer_id and customers._deleted_at is null
    left join revenue_by_order on orders.order_id = revenue_by_order.order_id
    where
        orders._deleted_at is null
        and orders.order_purchase_timestamp is not null
        and customers.customer_unique_id is not null
    group by customers.customer_unique_id

),

-- The smallest value that so many fifths of the people are below. None is below the smallest.
recency_limits as (

    select
        fifth,
        min(last_order_on) as value
    from (
        select
            people.last_order_on,
            rank() over (order by people.last_order_on) - 1 as below,
            count(*) over () as everybody
        from people
    ) as counted
    inner join generate_series(1, 4) as fifths (fifth)
        on counted.below * 5 >= fifths.fifth * counted.everybody
    group by fifth

),

monetary_limits as (

    select min(revenue) as value
    from (
        select
            revenue,
            rank() over (order by revenue) - 1 as below,
            count(*) over () as everybody
        from people
    ) as counted
    where below * 5 >= 3 * everybody

),

people_in_segments as (

    select
        people.*,
        days.last_day - people.last_order_on as recency_days,
        case
            when people.orders = 1 and first_limit.value > people.last_order_on then 'lost'
            when people.orders = 1 and second_limit.value > people.last_order_on
                then 'hibernating'
            when people.orders = 1 and third_limit.value > people.last_order_on
                then 'needs_attention'
            when people.orders = 1 and people.revenue >= monetary_limits.value then 'potential'
            when people.orders = 1 then 'new'
            when second_limit.value > people.last_order_on then 'at_risk'
            when
                third_limit.value <= people.last_order_on
                and people.revenue >= monetary_limits.value
                then 'champions'
            else 'loyal'
        end as segment
    from people
    cross join monetary_limits
    cross join (select max(last_order_on) as last_day from people) as days
    left join recency_limits as first_limit on first_limit.fifth = 1
    left join recency_limits as second_limit on second_limit.fifth = 2
    left join recency_limits as third_limit on third_limit.fifth = 3

)

select
    segment,
    count(*) as people,
    sum(orders)::bigint as orders,
    sum(orders_with_items)::bigint as orders_with_items,
    sum(revenue) as revenue,
    round(100.0 * count(*) / (select count(*) from people), 2) as people_percent,
    round(100 * sum(revenue) / nullif((select sum(revenue) from people), 0), 2) as revenue_percent,
    round(avg(revenue), 2) as revenue_per_person,
    round(avg(orders), 4) as orders_per_person,
    round(avg(last_order_on - first_order_on), 2) as average_lifespan_days,
    round(avg(recency_days), 2) as average_recency_days,
    round(sum(revenue) / nullif(sum(orders_with_items), 0), 2) as average_order_value
from people_in_segments
group by segment
