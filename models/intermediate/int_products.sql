with

products as (

    select
        product_id,
        category_name_portuguese,
        photos_count,
        weight_g,
        {{ volume_cm3() }} as volume_cm3,
        is_removed
    from {{ ref('stg_olist__products') }}

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

final as (

    select
        ---------- ids
        products.product_id,

        ---------- strings
        products.category_name_portuguese,
        weight_bands.weight_band,

        ---------- numerics
        products.photos_count,
        products.weight_g,
        products.volume_cm3,

        ---------- booleans
        products.is_removed,

        ---------- derived: category in English, else in Portuguese
        coalesce(translations.category_name_english, products.category_name_portuguese)
            as category_name
    from products
    left join translations
        on products.category_name_portuguese = translations.category_name_portuguese
    left join weight_bands
        on
            products.weight_g > weight_bands.above_g
            and products.weight_g <= coalesce(weight_bands.up_to_g, products.weight_g)

)

select * from final
