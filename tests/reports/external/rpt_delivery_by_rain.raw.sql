-- Deliveries by the rain of their day in the capital. Grain: state where it went, and band of rain.
with

deliveries as (

    select
        places.state_code,
        weather.precipitation_mm::numeric as rain,
        orders.order_delivered_customer_date::date
        > orders.order_estimated_delivery_date::date as is_late,
        round(
            extract(
                epoch from date_trunc('second', orders.order_delivered_customer_date::timestamp)
                - date_trunc('second', orders.order_purchase_timestamp::timestamp)
            ) / 86400, 2
        ) as days
    from raw.orders
    inner join raw.customers
        on orders.customer_id = customers.customer_id and customers._until_batch_id is null
    inner join {{ part('places') }}
        on btrim(customers.customer_zip_code_prefix) = places.zip_code_prefix
    left join raw.weather
        on
            places.state_code = weather.state_code
            and weather.date = left(orders.order_delivered_customer_date, 10)
            and weather._until_batch_id is null
    where orders._until_batch_id is null and orders.order_status = 'delivered'

),

banded as (

    select
        deliveries.*,
        coalesce(bands.band, 'unknown') as band
    from deliveries
    left join
        (
            values
            (0, 1, 'dry'),
            (1, 10, '1 to 10 mm'),
            (10, 20, '10 to 20 mm'),
            (20, 9999, '20 mm or more')
        ) as bands (from_mm, below_mm, band)
        on deliveries.rain >= bands.from_mm and deliveries.rain < bands.below_mm

)

select
    md5(state_code || '-' || band) as state_rain_key,
    state_code,
    band as rain_band,
    count(*)::integer as delivered_orders,
    sum(is_late::integer)::integer as late_orders,
    avg(is_late::integer)::numeric(5, 4) as late_share,
    avg(days)::numeric(10, 2) as average_days,
    avg(rain)::numeric(8, 2) as average_precipitation_mm
from banded
group by state_code, band
