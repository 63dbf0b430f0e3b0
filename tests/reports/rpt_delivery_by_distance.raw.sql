with

-- A prefix lies where most of its points say; where it has none, where most of its people say.
points as (

    select distinct on (zip_code_prefix)
        zip_code_prefix,
        city,
        state_code
    from (
        select
            btrim(geolocation_zip_code_prefix) as zip_code_prefix,
            translate(
                lower(btrim(geolocation_city)),
                'áàâãäéèêëíìîïóòôõöúùûüçñ', 'aaaaaeeeeiiiiooooouuuucn'
            ) as city,
            btrim(geolocation_state) as state_code,
            count(*) as votes
        from raw.geolocation
        where _deleted_at is null
        group by 1, 2, 3
    ) as counted
    order by zip_code_prefix asc, votes desc, city asc, state_code asc

),

addresses as (

    select distinct on (zip_code_prefix)
        zip_code_prefix,
        city,
        state_code
    from (
        select
            btrim(zip_code_prefix) as zip_code_prefix,
            translate(
                lower(btrim(city)), 'áàâãäéèêëíìîïóòôõöúùûüçñ', 'aaaaaeeeeiiiiooooouuuucn'
            ) as city,
            btrim(state_code) as state_code,
            count(*) as votes
        from (
            select
                customer_zip_code_prefix as zip_code_prefix,
                customer_city as city,
                customer_state as state_code
            from raw.customers
            where _deleted_at is null
            union all
            select
                seller_zip_code_prefix,
                seller_city,
                seller_state
            from raw.sellers
            where _deleted_at is null
        ) as people
        group by 1, 2, 3
    ) as counted
    order by zip_code_prefix asc, votes desc, city asc, state_code asc

),

middles as (

    select
        btrim(geolocation_zip_code_prefix) as zip_code_prefix,
        btrim(geolocation_state) as state_code,
        avg(geolocation_lat::numeric) as latitude,
        avg(geolocation_lng::numeric) as longitude
    from raw.geolocation
    where
        _deleted_at is null
        and geolocation_lat::numeric between -33.76 and 5.28
        and geolocation_lng::numeric between -74.00 and -28.83
    group by 1, 2

),

places as (

    select
        coalesce(points.zip_code_prefix, addresses.zip_code_prefix) as zip_code_prefix,
        coalesce(points.state_code, addresses.state_code) as state_code,
        radians(round(middles.latitude, 6)::double precision) as latitude,
        radians(round(middles.longitude, 6)::double precision) as longitude
    from points
    full join addresses on points.zip_code_prefix = addresses.zip_code_prefix
    left join middles
        on
            points.zip_code_prefix = middles.zip_code_prefix
            and points.state_code = middles.state_code

),

-- As points of space: the length of the straight line between two gives that of the arc.
spots as (

    select
        *,
        6371.0088 * cos(latitude) * cos(longitude) as x,
        6371.0088 * cos(latitude) * sin(longitude) as y,
        6371.0088 * sin(latitude) as z
    from places

),

latest_reviews as (

    select distinct on (order_id)
        order_id,
        review_score::integer as score
    from raw.order_reviews
    where _deleted_at is null
    order by
        order_id,
        review_answer_timestamp::timestamp desc nulls last,
        review_creation_date::timestamp desc nulls last,
        review_id desc

),

parcels as (

    select
        order_id,
        seller_id,
        count(*) as order_lines,
        sum(price::numeric(12, 2)) as revenue,
        sum(freight_value::numeric(12, 2)) as freight_value
    from raw.order_items
    where _deleted_at is null
    group by order_id, seller_id

),

located as (

    select
        parcels.*,
        latest_reviews.score,
        orders.order_delivered_customer_date::date
        > orders.order_estimated_delivery_date::date as is_late,
        orders.order_estimated_delivery_date::date
        - orders.order_purchase_timestamp::date as promised_days,
        round(
            extract(
                epoch from date_trunc('second', orders.order_delivered_customer_date::timestamp)
                - date_trunc('second', orders.order_purchase_timestamp::timestamp)
            ) / 86400, 2
        ) as days,
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
    inner join raw.orders on parcels.order_id = orders.order_id and orders._deleted_at is null
    left join raw.sellers
        on parcels.seller_id = sellers.seller_id and sellers._deleted_at is null
    left join spots as departures
        on btrim(sellers.seller_zip_code_prefix) = departures.zip_code_prefix
    left join raw.customers
        on orders.customer_id = customers.customer_id and customers._deleted_at is null
    left join spots as arrivals
        on btrim(customers.customer_zip_code_prefix) = arrivals.zip_code_prefix
    left join latest_reviews on parcels.order_id = latest_reviews.order_id
    where orders.order_status = 'delivered'

),

banded as (

    select
        located.*,
        coalesce(bands.band, 'unknown') as band
    from located
    left join
        (
            values
            (-1, 50, 'up to 50 km'),
            (50, 100, '50 to 100 km'),
            (100, 250, '100 to 250 km'),
            (250, 500, '250 to 500 km'),
            (500, 1000, '500 to 1000 km'),
            (1000, 2000, '1000 to 2000 km'),
            (2000, 99999, 'over 2000 km')
        ) as bands (above_km, up_to_km, band)
        on located.distance_km > bands.above_km and located.distance_km <= bands.up_to_km

),

ranked as (

    select
        *,
        row_number() over (partition by band order by days asc nulls last) as place,
        count(days) over (partition by band) as known
    from banded

)

select
    band as distance_band,
    count(*)::integer as deliveries,
    sum(order_lines)::integer as order_lines,
    sum(revenue)::numeric(12, 2) as revenue,
    sum(freight_value)::numeric(12, 2) as freight_value,
    sum(is_late::integer)::integer as late_deliveries,
    avg(distance_km)::numeric(8, 2) as average_distance_km,
    avg(days)::numeric(10, 2) as average_days,
    avg(days) filter (where 2 * place between known and known + 2)::numeric(10, 2) as median_days,
    min(days) filter (where 10 * place >= 9 * known)::numeric(10, 2) as p90_days,
    avg(promised_days)::numeric(10, 2) as average_promised_days,
    (100 * avg(is_late::integer))::numeric(5, 2) as late_percent,
    avg(freight_value)::numeric(12, 2) as average_freight,
    (100 * sum(freight_value) / sum(revenue + freight_value))::numeric(5, 2) as freight_percent,
    avg(score)::numeric(5, 4) as average_review_score
from ranked
group by band
