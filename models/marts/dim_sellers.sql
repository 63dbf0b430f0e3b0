with

sellers as (

    select
        seller_id,
        zip_code_prefix,
        city,
        state_code,
        is_removed
    from {{ ref('stg_olist__sellers') }}

),

sold_sellers as (

    select distinct seller_id
    from {{ ref('stg_olist__order_items') }}
    where seller_id is not null

),

states as (

    select
        state_code,
        state_name
    from {{ ref('states') }}

),

-- One that has gone from the source stays as long as a line names it. One that was sold and that
-- the source has never had (yet) is an inferred member.
members as (

    select
        sellers.*,
        false as is_inferred
    from sellers
    left join sold_sellers
        on sellers.seller_id = sold_sellers.seller_id
    where
        not sellers.is_removed
        or sold_sellers.seller_id is not null

    union all

    select
        sold_sellers.seller_id,
        null as zip_code_prefix,
        null as city,
        null as state_code,
        false as is_removed,
        true as is_inferred
    from sold_sellers
    left join sellers
        on sold_sellers.seller_id = sellers.seller_id
    where sellers.seller_id is null

    union all

    select
        null as seller_id,
        null as zip_code_prefix,
        null as city,
        null as state_code,
        false as is_removed,
        false as is_inferred

),

final as (

    select
        ---------- primary key
        {{ dimension_key('members.seller_id') }} as seller_key,

        ---------- foreign keys
        {{ dimension_key('members.zip_code_prefix') }} as geography_key,

        ---------- natural key
        coalesce(members.seller_id, 'unknown') as seller_id,

        ---------- address
        coalesce(members.zip_code_prefix, 'unknown') as zip_code_prefix,
        coalesce(members.city, 'unknown') as city,
        coalesce(members.state_code, 'unknown') as state_code,
        coalesce(states.state_name, 'unknown') as state_name,

        ---------- audit
        members.is_removed,
        members.is_inferred
    from members
    left join states
        on members.state_code = states.state_code

)

select * from final
