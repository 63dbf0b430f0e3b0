with

days as (

    select
        left(order_purchase_timestamp, 10)::date as purchased,
        left(order_estimated_delivery_date, 10)::date as promised,
        left(order_delivered_customer_date, 10)::date as delivered
    from raw.orders
    where _until_batch_id is null and btrim(order_status) = 'delivered'

),

bands as (

    select *
    from (
        values
        ('1: up to 10 days', null, 10),
        ('2: up to 20 days', 10, 20),
        ('3: up to 30 days', 20, 30),
        ('4: up to 40 days', 30, 40),
        ('5: longer', 40, null)
    ) as named (band, above, up_to)

)

select
    bands.band as promised,
    count(*) as orders,
    round(avg(days.promised - days.purchased), 1) as average_promised_days,
    round(avg(days.delivered - days.purchased), 1) as average_actual_days,
    round(avg(days.promised - days.delivered), 1) as average_days_early,
    round(
        (percentile_cont(0.5) within group (order by days.promised - days.delivered))::numeric, 1
    ) as median_days_early,
    round(1.0 * sum((days.delivered - days.promised between -3 and 3)::integer) / count(*), 3)
        as within_3_days_share,
    round(1.0 * sum((days.delivered > days.promised)::integer) / count(*), 3) as late_share
from days
inner join bands
    on
        days.promised - days.purchased > coalesce(bands.above, -1000)
        and days.promised - days.purchased <= coalesce(bands.up_to, 1000)
where num_nulls(days.purchased, days.promised, days.delivered) = 0
group by bands.band
order by bands.band
