-- How does a late delivery affect the review? Grain: days behind the promise, in bands.
-- Trap: several reviews of an order count once, by the latest; and an undelivered order is not on
-- time.
with

deliveries as (

    select
        review_score,
        delivered_at::date - estimated_delivery_on as days_behind
    from {{ ref('fct_orders') }}
    where is_late is not null and review_score is not null

)

select
    case
        when days_behind <= -8 then '1: 8 days early or more'
        when days_behind <= 0 then '2: in time'
        when days_behind <= 3 then '3: up to 3 days late'
        when days_behind <= 7 then '4: up to 7 days late'
        else '5: later'
    end as delivery,
    count(*) as orders,
    round(avg(review_score), 2) as average_score,
    round(100.0 * count(*) filter (where review_score = 1) / count(*), 1) as one_star_percent
from deliveries
group by delivery
order by delivery
