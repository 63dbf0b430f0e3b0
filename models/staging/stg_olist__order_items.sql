with

source as (

    select * from {{ source('olist', 'order_items') }}

),

renamed as (

    select
        ---------- ids
        order_id,
        cast({{ trimmed('order_item_id') }} as integer) as order_item_id,
        product_id,
        seller_id,

        ---------- numerics
        cast({{ trimmed('price') }} as numeric(12, 2)) as price,
        cast({{ trimmed('freight_value') }} as numeric(12, 2)) as freight_value,

        ---------- timestamps
        cast({{ trimmed('shipping_limit_date') }} as timestamp) as shipping_limit_at,

        ---------- audit
        _batch_id,
        _loaded_at
    from source
    where _deleted_at is null

)

select * from renamed
