-- Where does the time between purchase and delivery go? Grain: step of a delivered order, and the
-- total.
-- Trap: averages of the steps add up to the average of the total, percentiles do not. In some rows
-- the carrier had the parcel before the payment was approved: such a step is negative and is kept,
-- or the steps would not add up. Orders that lack one of the four times are left out.
with

deliveries as (

    select
        extract(epoch from approved_at - purchased_at) / 86400.0 as days_to_approval,
        extract(epoch from shipped_at - approved_at) / 86400.0 as days_to_carrier,
        extract(epoch from delivered_at - shipped_at) / 86400.0 as days_with_carrier,
        extract(epoch from delivered_at - purchased_at) / 86400.0 as days_to_deliver
    from {{ ref('fct_orders') }}
    where
        is_delivered
        and purchased_at is not null
        and approved_at is not null
        and shipped_at is not null
        and delivered_at is not null

),

stages as (

    select
        '1: payment approved' as step,
        days_to_approval as lag_days
    from deliveries
    union all
    select
        '2: handed to the carrier' as step,
        days_to_carrier as lag_days
    from deliveries
    union all
    select
        '3: delivered by the carrier' as step,
        days_with_carrier as lag_days
    from deliveries
    union all
    select
        'all: purchase to delivery' as step,
        days_to_deliver as lag_days
    from deliveries

)

select
    step,
    count(*) as orders,
    round(avg(lag_days), 2) as average_days,
    round(cast(percentile_cont(0.5) within group (order by lag_days) as numeric), 2) as median_days,
    round(cast(percentile_cont(0.9) within group (order by lag_days) as numeric), 2) as p90_days,
    round(cast(percentile_cont(0.99) within group (order by lag_days) as numeric), 2) as p99_days,
    count(*) filter (where lag_days < 0) as negative_orders
from stages
group by step
order by step
