with

source as (

    select * from {{ source('olist', 'products') }}
    where {{ is_landed() }}

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

        ---------- booleans: values that are null above because they are not of their type
        {{ is_invalid('product_photos_qty', 'integer') }} as is_photos_count_invalid,
        {{ is_invalid('product_weight_g', 'integer') }} as is_weight_g_invalid,
        {{ is_invalid('product_length_cm', 'integer') }} as is_length_cm_invalid,
        {{ is_invalid('product_height_cm', 'integer') }} as is_height_cm_invalid,
        {{ is_invalid('product_width_cm', 'integer') }} as is_width_cm_invalid,

        ---------- audit
        _batch_id,
        case when _until_batch_id <= {{ pinned_batch() }} then _until_batch_id end
            as until_batch_id,
        _loaded_at
    from source

)

select * from renamed
