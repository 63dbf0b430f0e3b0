with

sellers as (

    select
        seller_id,
        zip_code_prefix,
        city,
        state_code
    from {{ ref('stg_olist__sellers') }}

),

order_items as (

    select seller_id
    from {{ ref('stg_olist__order_items') }}

),

-- A seller that has sold and that the source does not have (yet) is an inferred member.
inferred_sellers as (

    select distinct order_items.seller_id
    from order_items
    left join sellers
        on order_items.seller_id = sellers.seller_id
    where
        order_items.seller_id is not null
        and sellers.seller_id is null

),

members as (

    select
        seller_id,
        zip_code_prefix,
        city,
        state_code,
        false as is_inferred
    from sellers

    union all

    select
        seller_id,
        null as zip_code_prefix,
        null as city,
        null as state_code,
        true as is_inferred
    from inferred_sellers

    union all

    select
        null as seller_id,
        null as zip_code_prefix,
        null as city,
        null as state_code,
        false as is_inferred

),

final as (

    select
        ---------- primary key
        {{ dimension_key('seller_id') }} as seller_key,

        ---------- foreign keys
        {{ dimension_key('zip_code_prefix') }} as geography_key,

        ---------- natural key
        coalesce(seller_id, 'unknown') as seller_id,

        ---------- address
        coalesce(zip_code_prefix, 'unknown') as zip_code_prefix,
        coalesce(city, 'unknown') as city,
        coalesce(state_code, 'unknown') as state_code,

        ---------- audit
        is_inferred
    from members

)

select * from final
