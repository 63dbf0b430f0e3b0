-- The dimension of zip code prefixes: the mean of a million points, and where customers live.
-- `offset 0` keeps each cast from being made again in every expression that uses it.

create table plain.dim_geographies as
with

counted as (

    select
        zip_code_prefix,
        city,
        state_code,
        count(*) as points,
        count(*) filter (where is_located) as located,
        sum(latitude) filter (where is_located) as latitude,
        sum(longitude) filter (where is_located) as longitude
    from (
        select
            *,
            latitude between -33.76 and 5.28 and longitude between -74.00 and -28.83 as is_located
        from (
            select
                geolocation_zip_code_prefix as zip_code_prefix,
                geolocation_city as city,
                geolocation_state as state_code,
                geolocation_lat::numeric(18, 14) as latitude,
                geolocation_lng::numeric(18, 14) as longitude
            from raw.geolocation
            where _until_batch_id is null
            offset 0
        ) as cast_once
        offset 0
    ) as located_once
    group by zip_code_prefix, city, state_code

),

-- The same in one spelling; what was text a million times is text 28,000 times here.
spelled as (

    select
        nullif(btrim(zip_code_prefix, E' \t\r\n'), '') as zip_code_prefix,
        translate(
            lower(nullif(btrim(city, E' \t\r\n'), '')),
            'áàâãäéèêëíìîïóòôõöúùûüçñ',
            'aaaaaeeeeiiiiooooouuuucn'
        ) as city,
        nullif(btrim(state_code, E' \t\r\n'), '') as state_code,
        sum(points) as points,
        sum(located) as located,
        sum(latitude) as latitude,
        sum(longitude) as longitude
    from counted
    where nullif(btrim(zip_code_prefix, E' \t\r\n'), '') is not null
    group by 1, 2, 3

),

points as (

    select distinct on (zip_code_prefix)
        zip_code_prefix,
        city,
        state_code,
        (sum(latitude) over same_state / nullif(sum(located) over same_state, 0))::numeric(9, 6)
            as latitude,
        (sum(longitude) over same_state / nullif(sum(located) over same_state, 0))::numeric(9, 6)
            as longitude
    from spelled
    window same_state as (partition by zip_code_prefix, state_code)
    order by zip_code_prefix, points desc, city, state_code

),

lived_in as (

    select
        customer_zip_code_prefix as zip_code_prefix,
        customer_city as city,
        customer_state as state_code,
        count(*) as customers
    from raw.customers
    where _until_batch_id is null
    group by 1, 2, 3
    union all
    select
        seller_zip_code_prefix,
        seller_city,
        seller_state,
        count(*)
    from raw.sellers
    where _until_batch_id is null
    group by 1, 2, 3

),

addresses as (

    select distinct on (zip_code_prefix)
        zip_code_prefix,
        city,
        state_code
    from (
        select
            nullif(btrim(zip_code_prefix, E' \t\r\n'), '') as zip_code_prefix,
            translate(
                lower(nullif(btrim(city, E' \t\r\n'), '')),
                'áàâãäéèêëíìîïóòôõöúùûüçñ',
                'aaaaaeeeeiiiiooooouuuucn'
            ) as city,
            nullif(btrim(state_code, E' \t\r\n'), '') as state_code,
            sum(customers) as customers
        from lived_in
        group by 1, 2, 3
    ) as spelled_addresses
    where zip_code_prefix is not null
    order by zip_code_prefix, customers desc, city, state_code

)

select
    md5(zip_code_prefix) as geography_key,
    zip_code_prefix,
    coalesce(points.city, addresses.city, 'unknown') as city,
    coalesce(points.state_code, addresses.state_code, 'unknown') as state_code,
    coalesce(states.state_name, 'unknown') as state_name,
    coalesce(states.region, 'unknown') as region,
    points.latitude,
    points.longitude,
    points.zip_code_prefix is null as is_inferred
from points
full join addresses using (zip_code_prefix)
left join plain.states
    on coalesce(points.state_code, addresses.state_code) = states.state_code;
insert into plain.dim_geographies
values ('-1', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown', null, null, false);
alter table plain.dim_geographies add primary key (geography_key);
