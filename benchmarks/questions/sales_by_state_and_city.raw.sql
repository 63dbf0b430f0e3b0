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

items as (

    select
        order_id,
        sum(price::numeric(12, 2)) as revenue
    from raw.order_items
    where _until_batch_id is null
    group by order_id

),

cities as (

    select
        coalesce(places.state_code, 'unknown') as state_code,
        coalesce(places.city, 'unknown') as city,
        count(*) as orders,
        coalesce(sum(items.revenue), 0) as revenue
    from raw.orders
    left join raw.customers
        on orders.customer_id = customers.customer_id and customers._until_batch_id is null
    left join places
        on btrim(customers.customer_zip_code_prefix) = places.zip_code_prefix
    left join items
        on orders.order_id = items.order_id
    where orders._until_batch_id is null
    group by 1, 2

),

states as (

    select
        state_code,
        sum(revenue) as revenue
    from cities
    group by state_code

),

ranked as (

    select
        cities.*,
        round(100 * cities.revenue / nullif(states.revenue, 0), 1) as state_percent,
        row_number() over (
            partition by cities.state_code order by cities.revenue desc, cities.city asc
        ) as city_rank
    from cities
    inner join states on cities.state_code = states.state_code

)

select
    state_code,
    city_rank,
    city,
    orders,
    revenue,
    state_percent
from ranked
where city_rank <= 3
order by state_code, city_rank
