with

base_olist__products as (

    select
        product_id,
        category_name_portuguese,
        photos_count,
        weight_g,
        length_cm,
        height_cm,
        width_cm,
        is_removed
    from {{ ref('base_olist__products') }}

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

    select {{ source_time('max(landed_at)') }} as seen_at
    from {{ ref('stg_olist__batches') }}

),

final as (

    select
        ---------- ids
        base_olist__products.product_id,

        ---------- strings
        base_olist__products.category_name_portuguese,
        weight_bands.weight_band,

        ---------- numerics
        base_olist__products.photos_count,
        base_olist__products.weight_g,

        ---------- booleans
        base_olist__products.is_removed,

        ---------- timestamps
        batches.seen_at,

        ---------- derived: category in English, else in Portuguese; size of the parcel
        coalesce(
            translations.category_name_english, base_olist__products.category_name_portuguese
        ) as category_name,
        cast(base_olist__products.length_cm as bigint)
        * base_olist__products.height_cm
        * base_olist__products.width_cm as volume_cm3
    from base_olist__products
    left join translations
        on base_olist__products.category_name_portuguese = translations.category_name_portuguese
    left join weight_bands
        on
            base_olist__products.weight_g > weight_bands.above_g
            and base_olist__products.weight_g
            <= coalesce(weight_bands.up_to_g, base_olist__products.weight_g)
    cross join batches

)

select * from final
