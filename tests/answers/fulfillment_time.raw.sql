with

moments as (

    select
        order_purchase_timestamp::timestamp as purchased,
        order_approved_at::timestamp as approved,
        order_delivered_carrier_date::timestamp as shipped,
        order_delivered_customer_date::timestamp as delivered
    from raw.orders
    where _until_batch_id is null and btrim(order_status) = 'delivered'

),

durations as (

    select
        stages.stage,
        extract(epoch from stages.ended) - extract(epoch from stages.started) as seconds
    from moments
    cross join
        lateral (
            values
            ('1: payment approved', purchased, approved),
            ('2: handed to the carrier', approved, shipped),
            ('3: delivered by the carrier', shipped, delivered),
            ('all: purchase to delivery', purchased, delivered)
        ) as stages (stage, started, ended)
    where num_nulls(purchased, approved, shipped, delivered) = 0

)

select
    stage as step,
    count(*) as orders,
    round(sum(seconds) / count(*) / 86400, 2) as average_days,
    round(percentile_cont(0.5) within group (order by seconds / 86400)::numeric, 2) as median_days,
    round(percentile_cont(0.9) within group (order by seconds / 86400)::numeric, 2) as p90_days,
    round(percentile_cont(0.99) within group (order by seconds / 86400)::numeric, 2) as p99_days,
    sum(case when seconds < 0 then 1 else 0 end) as negative_orders
from durations
group by stage
order by stage
