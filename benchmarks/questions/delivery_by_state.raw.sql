with

-- A prefix lies where most of its points say; where it has none, where most of its customers say.
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
        where _until_batch_id is null
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
            where _until_batch_id is null
            union all
            select
                seller_zip_code_prefix,
                seller_city,
                seller_state
            from raw.sellers
            where _until_batch_id is null
        ) as customers
        group by 1, 2, 3
    ) as counted
    order by zip_code_prefix asc, votes desc, city asc, state_code asc

),

places as (

    select
        coalesce(points.zip_code_prefix, addresses.zip_code_prefix) as zip_code_prefix,
        coalesce(points.city, addresses.city) as city,
        coalesce(points.state_code, addresses.state_code) as state_code
    from points
    full join addresses on points.zip_code_prefix = addresses.zip_code_prefix

),

freight as (

    select
        order_id,
        sum(freight_value::numeric(12, 2)) as freight_value
    from raw.order_items
    where _until_batch_id is null
    group by order_id

),

deliveries as (

    select
        coalesce(places.state_code, 'unknown') as state_code,
        coalesce(freight.freight_value, 0) as freight_value,
        round(
            extract(
                epoch from date_trunc('second', orders.order_delivered_customer_date::timestamp)
                - date_trunc('second', orders.order_purchase_timestamp::timestamp)
            ) / 86400, 2
        ) as days,
        orders.order_delivered_customer_date::date > orders.order_estimated_delivery_date::date
            as is_late
    from raw.orders
    left join raw.customers
        on orders.customer_id = customers.customer_id and customers._until_batch_id is null
    left join places
        on btrim(customers.customer_zip_code_prefix) = places.zip_code_prefix
    left join freight
        on orders.order_id = freight.order_id
    where orders._until_batch_id is null and btrim(orders.order_status) = 'delivered'

)

select
    state_code,
    count(*) as delivered_orders,
    round(avg(days), 2) as average_days,
    round(avg(is_late::integer), 4) as late_share,
    round(avg(freight_value), 2) as average_freight
from deliveries
group by state_code
order by average_days desc nulls last, state_code asc
