-- How accurate is the promised delivery date? Grain: calendar days from purchase to the promised
-- date, in bands.
-- Trap: the promise is a date, so these are calendar days, not the elapsed time of
-- days_to_deliver; few late orders do not make a good promise if most arrive long before it.
with

deliveries as (

    select
        is_late,
        estimated_delivery_on - cast(purchased_at as date) as promised_days,
        cast(delivered_at as date) - cast(purchased_at as date) as actual_days,
        estimated_delivery_on - cast(delivered_at as date) as days_early
    from {{ ref('fct_orders') }}
    where is_late is not null and purchased_at is not null

)

select
    case
        when promised_days <= 10 then '1: up to 10 days'
        when promised_days <= 20 then '2: up to 20 days'
        when promised_days <= 30 then '3: up to 30 days'
        when promised_days <= 40 then '4: up to 40 days'
        else '5: longer'
    end as promised,
    count(*) as orders,
    round(avg(promised_days), 1) as average_promised_days,
    round(avg(actual_days), 1) as average_actual_days,
    round(avg(days_early), 1) as average_days_early,
    round(cast(percentile_cont(0.5) within group (order by days_early) as numeric), 1)
        as median_days_early,
    round(1.0 * count(*) filter (where abs(days_early) <= 3) / count(*), 3) as within_3_days_share,
    round(1.0 * count(*) filter (where is_late) / count(*), 3) as late_share
from deliveries
group by promised
order by promised
