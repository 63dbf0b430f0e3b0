with

source as (

    select * from {{ source('olist', 'product_category_name_translation') }}
    where {{ is_pinned() }}

),

renamed as (

    select
        ---------- strings
        {{ trimmed('product_category_name') }} as category_name_portuguese,
        {{ trimmed('product_category_name_english') }} as category_name_english,

        ---------- audit
        _batch_id,
        _loaded_at
    from source

)

select * from renamed
