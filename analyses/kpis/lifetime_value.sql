-- What is a customer worth, from the top percent down? Grain: customer tier, by revenue in the
-- whole dataset.
-- Trap: it is revenue, not margin, which the source does not have. With two years of data and few
-- returning customers, a lifetime is little more than a first order.
with

customers as (

    select
        fct_orders.customer_key,
        dim_customers.customer_unique_id,
        count(*) as orders,
        sum(fct_orders.items_value) as revenue
    from {{ ref('fct_orders') }} as fct_orders
    inner join {{ ref('dim_customers') }} as dim_customers
        on fct_orders.customer_key = dim_customers.customer_key
    where fct_orders.customer_key <> '-1'
    group by fct_orders.customer_key, dim_customers.customer_unique_id

),

ranked as (

    select
        *,
        100.0 * row_number() over (order by revenue desc, customer_unique_id asc)
        / count(*) over () as top_percent
    from customers

),

tiers as (

    select
        *,
        case
            when top_percent <= 1 then '1: best 1 %'
            when top_percent <= 5 then '2: next 4 %'
            when top_percent <= 20 then '3: next 15 %'
            when top_percent <= 50 then '4: next 30 %'
            else '5: other 50 %'
        end as tier
    from ranked

)

select
    tier,
    count(*) as customers,
    round(sum(orders) / count(*), 2) as orders_per_customer,
    round(100.0 * count(*) filter (where orders > 1) / count(*), 2) as repeat_percent,
    min(revenue) as least_value,
    round(cast(percentile_cont(0.5) within group (order by revenue) as numeric), 2)
        as median_value,
    round(avg(revenue), 2) as average_value,
    sum(revenue) as revenue,
    round(100 * sum(revenue) / nullif(sum(sum(revenue)) over (), 0), 2) as revenue_percent
from tiers
group by tier
order by tier
