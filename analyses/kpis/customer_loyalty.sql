-- How many customers come back a second or third time, how soon, and what share of revenue is
-- that? Grain: number of the order for its customer; 5 stands for all later ones.
-- Trap: many second orders are placed on the same day, which is a split basket rather than a
-- return; and customers of the last months have had little time to come back.
with

purchases as (

    select
        customer_key,
        purchased_at,
        items_value,
        row_number() over by_person as order_number,
        lag(purchased_at) over by_person as purchased_before_at
    from {{ ref('fct_orders') }}
    where customer_key <> '-1' and purchased_at is not null
    window by_person as (partition by customer_key order by purchased_at, order_id)

),

purchases_with_intervals as (

    select
        customer_key,
        items_value,
        least(order_number, 5) as order_number,
        extract(epoch from purchased_at - purchased_before_at) / 86400.0 as days_since_order_before,
        cast(purchased_at as date) = cast(purchased_before_at as date) as is_same_day
    from purchases

)

select
    order_number,
    count(*) as orders,
    count(distinct customer_key) as customers,
    round(
        100.0 * count(distinct customer_key)
        / lag(count(distinct customer_key)) over (order by order_number), 2
    ) as percent_of_those_before,
    round(100.0 * count(*) filter (where is_same_day) / nullif(count(is_same_day), 0), 1)
        as same_day_percent,
    round(
        cast(percentile_cont(0.5) within group (order by days_since_order_before) as numeric), 1
    ) as median_days_since_order_before,
    round(
        cast(percentile_cont(0.9) within group (order by days_since_order_before) as numeric), 1
    ) as p90_days_since_order_before,
    sum(items_value) as revenue,
    round(100 * sum(items_value) / nullif(sum(sum(items_value)) over (), 0), 2) as revenue_percent
from purchases_with_intervals
group by order_number
order by order_number
