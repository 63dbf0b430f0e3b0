with

-- Two versions of one batch time are an edit of this project between them: nobody saw the first.
snap_products as (

    select
        product_id,
        category_name,
        category_name_portuguese,
        photos_count,
        weight_g,
        volume_cm3,
        weight_band,
        is_removed,
        dbt_valid_from,
        dbt_valid_to
    from {{ ref('snap_products') }}
    where dbt_valid_to is null or dbt_valid_from < dbt_valid_to

),

dim_products as (

    select
        product_key,
        product_id,
        category_name,
        category_name_portuguese,
        photos_count,
        weight_g,
        volume_cm3,
        weight_band
    from {{ ref('dim_products') }}

),

versions as (

    select
        {{ dimension_key('product_id') }} as product_key,
        product_id,
        coalesce(category_name, 'unknown') as category_name,
        coalesce(category_name_portuguese, 'unknown') as category_name_portuguese,
        photos_count,
        weight_g,
        volume_cm3,
        coalesce(weight_band, 'unknown') as weight_band,
        is_removed,
        {{ validity('product_id') }}
    from snap_products

),

-- The unknown member and the inferred ones, which no source row has described yet.
members_without_version as (

    select
        dim_products.product_key,
        dim_products.product_id,
        dim_products.category_name,
        dim_products.category_name_portuguese,
        dim_products.photos_count,
        dim_products.weight_g,
        dim_products.volume_cm3,
        dim_products.weight_band,
        false as is_removed,
        1 as version_number,
        {{ beginning_of_time() }} as valid_from,
        {{ end_of_time() }} as valid_to,
        true as is_current
    from dim_products
    left join snap_products
        on dim_products.product_id = snap_products.product_id
    where snap_products.product_id is null

),

members as (

    select * from versions
    union all
    select * from members_without_version

),

final as (

    select
        ---------- primary key
        {{ dbt_utils.generate_surrogate_key(['product_id', 'version_number']) }}
            as product_version_key,

        ---------- key of the member, as facts have it
        product_key,

        ---------- natural key
        product_id,
        cast(version_number as integer) as version_number,

        ---------- category, description and size
        category_name,
        category_name_portuguese,
        photos_count,
        weight_g,
        volume_cm3,
        weight_band,

        ---------- validity
        valid_from,
        valid_to,
        is_current,
        is_removed
    from members

)

select * from final
