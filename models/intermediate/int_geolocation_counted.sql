-- A table, so that a build goes through the million points once: everything else that asks for
-- points, tests too, reads this.
with

geolocation as (

    select
        zip_code_prefix,
        city,
        state_code,
        latitude,
        longitude
    from {{ ref('stg_olist__geolocation') }}
    {{ optimization_fence() }}

),

points_checked as (

    select
        zip_code_prefix,
        city,
        state_code,
        latitude,
        longitude,
        {{ is_in_brazil('latitude', 'longitude') }} as is_located,
        latitude is null or longitude is null as is_unread,
        latitude not between -90 and 90 or longitude not between -180 and 180 as is_off_earth
    from geolocation

),

-- Sums of numeric are exact, so the order of rows, which differs between machines, cannot change
-- an average.
final as (

    select
        {{ dbt_utils.generate_surrogate_key(['zip_code_prefix', 'city', 'state_code']) }}
            as geolocation_key,
        zip_code_prefix,
        city,
        state_code,
        count(*) as point_count,
        count(case when is_unread then 1 end) as unread_point_count,
        count(case when is_off_earth then 1 end) as off_earth_point_count,
        count(case when is_located then 1 end) as located_point_count,
        sum(case when is_located then latitude end) as latitude_sum,
        sum(case when is_located then longitude end) as longitude_sum
    from points_checked
    group by
        zip_code_prefix,
        city,
        state_code

)

select * from final
