with

-- Two versions of one batch time are an edit of this project between them: nobody saw the first.
snap_sellers as (

    select
        seller_id,
        zip_code_prefix,
        city,
        state_code,
        is_removed,
        dbt_valid_from,
        dbt_valid_to
    from {{ ref('snap_sellers') }}
    where dbt_valid_to is null or dbt_valid_from < dbt_valid_to

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

versions as (

    select
        {{ dimension_key('seller_id') }} as seller_key,
        seller_id,
        coalesce(zip_code_prefix, 'unknown') as zip_code_prefix,
        coalesce(city, 'unknown') as city,
        coalesce(state_code, 'unknown') as state_code,
        is_removed,
        {{ validity('seller_id') }}
    from snap_sellers

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
        {{ beginning_of_time() }} as valid_from,
        {{ end_of_time() }} as valid_to,
        true as is_current
    from dim_sellers
    left join snap_sellers
        on dim_sellers.seller_id = snap_sellers.seller_id
    where snap_sellers.seller_id is null

),

members as (

    select * from versions
    union all
    select * from members_without_version

),

final as (

    select
        ---------- primary key
        {{ dbt_utils.generate_surrogate_key(['seller_id', 'version_number']) }}
            as seller_version_key,

        ---------- key of the member, as facts have it
        seller_key,

        ---------- natural key
        seller_id,
        cast(version_number as integer) as version_number,

        ---------- address
        zip_code_prefix,
        city,
        state_code,

        ---------- validity
        valid_from,
        valid_to,
        is_current,
        is_removed
    from members

)

select * from final
