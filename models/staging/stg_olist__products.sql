with

base_olist__products as (

    select * from {{ ref('base_olist__products') }}

),

final as (

    select
        ---------- ids
        product_id,

        ---------- strings
        category_name_portuguese,

        ---------- numerics
        name_length,
        description_length,
        photos_count,
        weight_g,
        length_cm,
        height_cm,
        width_cm,

        ---------- audit
        _batch_id,
        _loaded_at
    from base_olist__products
    where not is_removed

)

select * from final
