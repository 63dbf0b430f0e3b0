with

source as (

    select * from {{ source('olist', 'orders') }}

),

renamed as (

    select
        ---------- ids
        order_id,
        customer_id,

        ---------- strings
        {{ trimmed('order_status') }} as order_status,

        ---------- timestamps
        cast({{ trimmed('order_purchase_timestamp') }} as timestamp) as purchased_at,
        cast({{ trimmed('order_approved_at') }} as timestamp) as approved_at,
        cast({{ trimmed('order_delivered_carrier_date') }} as timestamp) as shipped_at,
        cast({{ trimmed('order_delivered_customer_date') }} as timestamp) as delivered_at,
        cast(cast({{ trimmed('order_estimated_delivery_date') }} as timestamp) as date)
            as estimated_delivery_on,

        ---------- audit
        _batch_id,
        _loaded_at
    from source
    where _deleted_at is null

)

select * from renamed
