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
        coalesce(there.region, 'unknown') as customer_region,
        coalesce(here.region, 'unknown') as seller_region,
        order_items.price::numeric(12, 2) as price,
        order_items.freight_value::numeric(12, 2) as freight
    from raw.order_items
    left join raw.orders
        on order_items.order_id = orders.order_id and orders._deleted_at is null
    left join raw.customers
        on orders.customer_id = customers.customer_id and customers._deleted_at is null
    left join raw.sellers
        on order_items.seller_id = sellers.seller_id and sellers._deleted_at is null
    left join regions as there
        on btrim(customers.customer_zip_code_prefix) = there.zip_code_prefix
    left join regions as here
        on btrim(sellers.seller_zip_code_prefix) = here.zip_code_prefix
    where order_items._deleted_at is null

)

select
    customer_region,
    seller_region,
    count(*) as line_count,
    sum(price) as revenue,
    sum(freight) as freight,
    round(100 * sum(freight) / nullif(sum(price), 0), 1) as freight_percent,
    round(sum(freight) / count(*), 2) as average_freight,
    round(sum(price) / count(*), 2) as average_price
from lines
group by customer_region, seller_region
order by customer_region asc, sum(freight) desc, seller_region asc
