with

middles as (

    select
        btrim(geolocation_zip_code_prefix) as zip_code_prefix,
        btrim(geolocation_state) as state_code,
        avg(geolocation_lat::numeric) as latitude,
        avg(geolocation_lng::numeric) as longitude
    from raw.geolocation
    where
        _until_batch_id is null
        and geolocation_lat::numeric between -33.76 and 5.28
        and geolocation_lng::numeric between -74.00 and -28.83
    group by 1, 2

),

located_places as (

    select
        places.zip_code_prefix,
        places.state_code,
        radians(round(middles.latitude, 6)::double precision) as latitude,
        radians(round(middles.longitude, 6)::double precision) as longitude
    from {{ part('places') }}
    left join middles
        on
            places.zip_code_prefix = middles.zip_code_prefix
            and places.state_code = middles.state_code

),

-- As points of space: the length of the straight line between two gives that of the arc.
spots as (

    select
        *,
        6371.0088 * cos(latitude) * cos(longitude) as x,
        6371.0088 * cos(latitude) * sin(longitude) as y,
        6371.0088 * sin(latitude) as z
    from located_places

),

latest_reviews as (

    select *
    from {{ part('latest_reviews') }}

),

parcels as (

    select
        order_id,
        seller_id,
        count(*) as line_count,
        sum(price::numeric(12, 2)) as revenue,
        sum(freight_value::numeric(12, 2)) as freight_value
    from raw.order_items
    where _until_batch_id is null
    group by order_id, seller_id

),

order_sellers as (

    select
        order_id,
        count(distinct seller_id) as sellers
    from raw.order_items
    where _until_batch_id is null
    group by order_id

),

located as (

    select
        parcels.*,
        order_sellers.sellers::integer as sellers_in_order,
        coalesce(nullif(btrim(orders.order_status), ''), 'unknown') as order_status,
        coalesce(orders.order_status = 'delivered', false) as is_delivered,
        coalesce(departures.state_code, 'unknown') as seller_state_code,
        coalesce(arrivals.state_code, 'unknown') as customer_state_code,
        orders.order_estimated_delivery_date::date
        - orders.order_purchase_timestamp::date as promised_days,
        orders.order_delivered_customer_date::date
        > orders.order_estimated_delivery_date::date as is_behind,
        latest_reviews.score as review_score,
        round(
            extract(
                epoch from date_trunc('second', orders.order_delivered_customer_date::timestamp)
                - date_trunc('second', orders.order_purchase_timestamp::timestamp)
            ) / 86400, 2
        ) as days_to_deliver,
        round(
            extract(
                epoch from date_trunc('second', orders.order_delivered_carrier_date::timestamp)
                - date_trunc('second', orders.order_purchase_timestamp::timestamp)
            ) / 86400, 2
        ) as days_to_ship,
        case
            when departures.x is not null and arrivals.x is not null
                then (
                    2 * 6371.0088 * asin(least(
                        1::double precision,
                        sqrt(
                            (departures.x - arrivals.x) ^ 2
                            + (departures.y - arrivals.y) ^ 2
                            + (departures.z - arrivals.z) ^ 2
                        ) / 2 / 6371.0088
                    ))
                )::numeric(8, 2)
        end as distance_km
    from parcels
    inner join order_sellers on parcels.order_id = order_sellers.order_id
    left join raw.orders on parcels.order_id = orders.order_id and orders._until_batch_id is null
    left join raw.sellers
        on parcels.seller_id = sellers.seller_id and sellers._until_batch_id is null
    left join spots as departures
        on btrim(sellers.seller_zip_code_prefix) = departures.zip_code_prefix
    left join raw.customers
        on orders.customer_id = customers.customer_id and customers._until_batch_id is null
    left join spots as arrivals
        on btrim(customers.customer_zip_code_prefix) = arrivals.zip_code_prefix
    left join latest_reviews on parcels.order_id = latest_reviews.order_id

)

select
    md5(order_id || '-' || md5(seller_id)) as seller_order_key,
    order_id,
    md5(seller_id) as seller_key,
    seller_id,
    seller_state_code,
    customer_state_code,
    distance_km,
    line_count::integer as line_count,
    revenue::numeric(12, 2) as revenue,
    freight_value::numeric(12, 2) as freight_value,
    is_delivered::integer as delivered_parcels,
    case when is_delivered then is_behind::integer end as late_parcels,
    sellers_in_order,
    order_status,
    is_delivered,
    case when is_delivered then is_behind end as is_late,
    days_to_ship::numeric(10, 2) as days_to_ship,
    days_to_deliver::numeric(10, 2) as days_to_deliver,
    promised_days,
    review_score
from located
