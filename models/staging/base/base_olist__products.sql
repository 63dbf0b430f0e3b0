with

source as (

    select * from {{ source('olist', 'products') }}

),

renamed as (

    select
        ---------- ids
        product_id,

        ---------- strings
        {{ trimmed('product_category_name') }} as category_name_portuguese,

        ---------- numerics
        {{ try_cast('product_name_lenght', 'integer') }} as name_length,
        {{ try_cast('product_description_lenght', 'integer') }} as description_length,
        {{ try_cast('product_photos_qty', 'integer') }} as photos_count,
        {{ try_cast('product_weight_g', 'integer') }} as weight_g,
        {{ try_cast('product_length_cm', 'integer') }} as length_cm,
        {{ try_cast('product_height_cm', 'integer') }} as height_cm,
        {{ try_cast('product_width_cm', 'integer') }} as width_cm,

        ---------- booleans
        _deleted_at is not null as is_removed,

        ---------- audit
        _batch_id,
        _loaded_at
    from source

)

select * from renamed
