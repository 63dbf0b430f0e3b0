with

int_product_versions as (

    select
        product_id,
        category_name_portuguese,
        photos_count,
        weight_g,
        volume_cm3,
        is_removed,
        _batch_id
    from {{ ref('int_product_versions') }}

),

translations as (

    select
        category_name_portuguese,
        category_name_english
    from {{ ref('stg_olist__product_category_translations') }}

),

weight_bands as (

    select
        weight_band,
        above_g,
        up_to_g
    from {{ ref('weight_bands') }}

),

batches as (

    select
        batch_id,
        {{ source_time('loaded_at') }} as loaded_at
    from {{ ref('stg_olist__batches') }}

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

-- The attributes are those of then; their translation and weight band are those of today.
versions as (

    select
        {{ dimension_key('versions.product_id') }} as product_key,
        versions.product_id,
        coalesce(
            translations.category_name_english, versions.category_name_portuguese, 'unknown'
        ) as category_name,
        coalesce(versions.category_name_portuguese, 'unknown') as category_name_portuguese,
        versions.photos_count,
        versions.weight_g,
        versions.volume_cm3,
        coalesce(weight_bands.weight_band, 'unknown') as weight_band,
        versions.is_removed,
        {{ validity('versions.product_id') }}
    from int_product_versions as versions
    inner join batches
        on versions._batch_id = batches.batch_id
    left join translations
        on versions.category_name_portuguese = translations.category_name_portuguese
    left join weight_bands
        on
            versions.weight_g > weight_bands.above_g
            and versions.weight_g <= coalesce(weight_bands.up_to_g, versions.weight_g)

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
        {{ min_timestamp() }} as valid_from,
        {{ max_timestamp() }} as valid_to,
        true as is_current
    from dim_products
    left join int_product_versions
        on dim_products.product_key = {{ dimension_key('int_product_versions.product_id') }}
    where int_product_versions.product_id is null

),

members as (

    select * from versions
    union all
    select * from members_without_version

),

final as (

    select
        ---------- primary key
        {{ dbt_utils.generate_surrogate_key(['product_key', 'version_number']) }}
            as product_version_key,

        ---------- key of the member, as facts have it
        product_key,

        ---------- natural key
        product_id,
        version_number,

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
