-- The place of each zip code prefix.
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

)

select
    coalesce(points.zip_code_prefix, addresses.zip_code_prefix) as zip_code_prefix,
    coalesce(points.city, addresses.city) as city,
    coalesce(points.state_code, addresses.state_code) as state_code
from points
full join addresses on points.zip_code_prefix = addresses.zip_code_prefix
