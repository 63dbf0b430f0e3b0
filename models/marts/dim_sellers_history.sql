with

int_seller_versions as (

    select
        seller_id,
        zip_code_prefix,
        city,
        state_code,
        is_removed,
        _batch_id
    from {{ ref('int_seller_versions') }}

),

batches as (

    select
        batch_id,
        {{ source_time('loaded_at') }} as loaded_at
    from {{ ref('stg_olist__batches') }}

),

dim_sellers as (

    select
        seller_key,
        seller_id,
        zip_code_prefix,
        city,
        state_code
    from {{ ref('dim_sellers') }}

),

states as (

    select
        state_code,
        state_name
    from {{ ref('states') }}

),

versions as (

    select
        {{ dimension_key('versions.seller_id') }} as seller_key,
        versions.seller_id,
        coalesce(versions.zip_code_prefix, 'unknown') as zip_code_prefix,
        coalesce(versions.city, 'unknown') as city,
        coalesce(versions.state_code, 'unknown') as state_code,
        versions.is_removed,
        {{ validity('versions.seller_id') }}
    from int_seller_versions as versions
    inner join batches
        on versions._batch_id = batches.batch_id

),

-- The unknown member and the inferred ones, which no source row has described yet.
members_without_version as (

    select
        dim_sellers.seller_key,
        dim_sellers.seller_id,
        dim_sellers.zip_code_prefix,
        dim_sellers.city,
        dim_sellers.state_code,
        false as is_removed,
        1 as version_number,
        {{ min_timestamp() }} as valid_from,
        {{ max_timestamp() }} as valid_to,
        true as is_current
    from dim_sellers
    left join int_seller_versions
        on dim_sellers.seller_key = {{ dimension_key('int_seller_versions.seller_id') }}
    where int_seller_versions.seller_id is null

),

members as (

    select * from versions
    union all
    select * from members_without_version

),

final as (

    select
        ---------- primary key
        {{ dbt_utils.generate_surrogate_key(['members.seller_key', 'members.version_number']) }}
            as seller_version_key,

        ---------- key of the member, as facts have it
        members.seller_key,

        ---------- natural key
        members.seller_id,
        members.version_number,

        ---------- address
        members.zip_code_prefix,
        members.city,
        members.state_code,
        coalesce(states.state_name, 'unknown') as state_name,

        ---------- validity
        members.valid_from,
        members.valid_to,
        members.is_current,
        members.is_removed
    from members
    left join states
        on members.state_code = states.state_code

)

select * from final
