{{ config(materialized='table') }}

with

geolocation as (

    select
        zip_code_prefix,
        city,
        state_code,
        latitude,
        longitude
    from {{ ref('stg_olist__geolocation') }}

),

-- One pass over the million points, and one only: this is a table because several read it. Sums of
-- numeric are exact, so the order of rows, which differs between machines, cannot change the
-- average.
points_counted as (

    select
        zip_code_prefix,
        city,
        state_code,
        count(*) as point_count,
        count(case when {{ is_in_brazil('latitude', 'longitude') }} then 1 end)
            as located_point_count,
        sum(case when {{ is_in_brazil('latitude', 'longitude') }} then latitude end)
            as latitude_sum,
        sum(case when {{ is_in_brazil('latitude', 'longitude') }} then longitude end)
            as longitude_sum
    from geolocation
    where zip_code_prefix is not null
    group by
        zip_code_prefix,
        city,
        state_code

),

spellings_merged as (

    select
        zip_code_prefix,
        {{ without_accents('city') }} as city,
        state_code,
        sum(point_count) as point_count,
        sum(located_point_count) as located_point_count,
        sum(latitude_sum) as latitude_sum,
        sum(longitude_sum) as longitude_sum
    from points_counted
    group by
        zip_code_prefix,
        {{ without_accents('city') }},
        state_code

),

-- Points that carry another state than the chosen one are strays: they do not move the average.
cities_ranked as (

    select
        zip_code_prefix,
        city,
        state_code,
        row_number() over (
            partition by zip_code_prefix
            order by point_count desc, city asc nulls last, state_code asc nulls last
        ) as city_rank,
        sum(located_point_count) over (partition by zip_code_prefix, state_code)
            as located_point_count,
        sum(latitude_sum) over (partition by zip_code_prefix, state_code) as latitude_sum,
        sum(longitude_sum) over (partition by zip_code_prefix, state_code) as longitude_sum
    from spellings_merged

),

final as (

    select
        zip_code_prefix,
        city,
        state_code,
        {{ quotient('latitude_sum', 'nullif(located_point_count, 0)', 'numeric(9, 6)', 14) }}
            as latitude,
        {{ quotient('longitude_sum', 'nullif(located_point_count, 0)', 'numeric(9, 6)', 14) }}
            as longitude
    from cities_ranked
    where city_rank = 1

)

select * from final
