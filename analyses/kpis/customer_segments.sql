-- Who are our customers: how long ago did they buy, once or more often, and what are they worth?
-- Grain: days since the last purchase, in bands, by one purchase or several.
-- Trap: today is the day of the newest purchase in the data, or else everybody has gone; and the
-- source's customer_id is one per order, so by it nobody buys twice.
with

people as (

    select
        customer_key,
        count(*) as orders,
        max(cast(purchased_at as date)) as last_order_on,
        sum(items_value) as revenue
    from {{ ref('fct_orders') }}
    where customer_key <> '-1' and purchased_at is not null
    group by customer_key

),

people_with_recency as (

    select
        *,
        max(last_order_on) over () - last_order_on as days_since_last_order
    from people

),

people_in_segments as (

    select
        *,
        case
            when days_since_last_order <= 90 then '1: up to 90 days'
            when days_since_last_order <= 180 then '2: up to 180 days'
            when days_since_last_order <= 365 then '3: up to a year'
            else '4: longer'
        end as last_order,
        case when orders > 1 then 'several times' else 'once' end as has_bought
    from people_with_recency

)

select
    last_order,
    has_bought,
    count(*) as people,
    round(100.0 * count(*) / sum(count(*)) over (), 2) as people_percent,
    round(1.0 * sum(orders) / count(*), 2) as orders_per_person,
    sum(revenue) as revenue,
    round(100 * sum(revenue) / nullif(sum(sum(revenue)) over (), 0), 2) as revenue_percent,
    round(sum(revenue) / count(*), 2) as revenue_per_person
from people_in_segments
group by last_order, has_bought
order by last_order, has_bought
