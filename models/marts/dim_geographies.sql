with

points as (

    select
        zip_code_prefix,
        city,
        state_code,
        latitude,
        longitude
    from {{ ref('int_zip_code_points') }}

),

addresses as (

    select
        zip_code_prefix,
        city,
        state_code
    from {{ ref('int_zip_code_addresses') }}

),

states as (

    select
        state_code,
        state_name,
        region
    from {{ ref('states') }}

),

-- A prefix that someone lives in and that has no point is an inferred member: its city and state
-- are those of the people there.
members as (

    select
        coalesce(points.zip_code_prefix, addresses.zip_code_prefix) as zip_code_prefix,
        coalesce(points.city, addresses.city) as city,
        coalesce(points.state_code, addresses.state_code) as state_code,
        points.latitude,
        points.longitude,
        points.zip_code_prefix is null as is_inferred
    from points
    full outer join addresses
        on points.zip_code_prefix = addresses.zip_code_prefix

    union all

    select
        null as zip_code_prefix,
        null as city,
        null as state_code,
        null as latitude,
        null as longitude,
        false as is_inferred

),

final as (

    select
        ---------- primary key
        {{ dimension_key('members.zip_code_prefix') }} as geography_key,

        ---------- natural key
        coalesce(members.zip_code_prefix, 'unknown') as zip_code_prefix,

        ---------- place
        coalesce(members.city, 'unknown') as city,
        coalesce(members.state_code, 'unknown') as state_code,
        coalesce(states.state_name, 'unknown') as state_name,
        coalesce(states.region, 'unknown') as region,
        members.latitude,
        members.longitude,

        ---------- audit
        members.is_inferred
    from members
    left join states
        on members.state_code = states.state_code

)

select * from final
