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

places as (

    select
        coalesce(points.zip_code_prefix, addresses.zip_code_prefix) as zip_code_prefix,
        coalesce(points.city, addresses.city) as city,
        coalesce(points.state_code, addresses.state_code) as state_code
    from points
    full join addresses on points.zip_code_prefix = addresses.zip_code_prefix

),

regions as (

    select
        zip_code_prefix,
        state_code,
        case
            when state_code in ('AC', 'AM', 'AP', 'PA', 'RO', 'RR', 'TO') then 'Norte'
            when state_code in ('AL', 'BA', 'CE', 'MA', 'PB', 'PE', 'PI', 'RN', 'SE')
                then 'Nordeste'
            when state_code in ('DF', 'GO', 'MS', 'MT') then 'Centro-Oeste'
            when state_code in ('ES', 'MG', 'RJ', 'SP') then 'Sudeste'
            when state_code in ('PR', 'RS', 'SC') then 'Sul'
            else 'unknown'
        end as region
    from places

),

lines as (

    select
        order_id,
        sum(price::numeric(12, 2)) as price,
        sum(freight_value::numeric(12, 2)) as freight
    from raw.order_items
    where _deleted_at is null
    group by order_id

),

orders as (

    select
        coalesce(regions.state_code, 'unknown') as state_code,
        coalesce(regions.region, 'unknown') as region,
        lines.price,
        lines.freight
    from lines
    inner join raw.orders on lines.order_id = orders.order_id and orders._deleted_at is null
    left join raw.customers
        on orders.customer_id = customers.customer_id and customers._deleted_at is null
    left join regions on btrim(customers.customer_zip_code_prefix) = regions.zip_code_prefix

),

country as (select avg(price) as average from orders)

select
    orders.state_code,
    orders.region,
    count(*) as orders,
    sum(orders.price) as revenue,
    round(avg(orders.price), 2) as average_order_value,
    round((percentile_cont(0.5) within group (order by orders.price))::numeric, 2)
        as median_order_value,
    round(100 * (avg(orders.price) - country.average) / country.average, 1)
        as above_country_percent,
    round(avg(orders.freight), 2) as average_freight
from orders
cross join country
group by orders.state_code, orders.region, country.average
order by average_order_value desc, orders.state_code asc
