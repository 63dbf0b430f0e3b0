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
        cast({{ trimmed('product_name_lenght') }} as integer) as name_length,
        cast({{ trimmed('product_description_lenght') }} as integer) as description_length,
        cast({{ trimmed('product_photos_qty') }} as integer) as photos_count,
        cast({{ trimmed('product_weight_g') }} as integer) as weight_g,
        cast({{ trimmed('product_length_cm') }} as integer) as length_cm,
        cast({{ trimmed('product_height_cm') }} as integer) as height_cm,
        cast({{ trimmed('product_width_cm') }} as integer) as width_cm,

        ---------- audit
        _batch_id,
        _loaded_at
    from source
    where _deleted_at is null

)

select * from renamed
