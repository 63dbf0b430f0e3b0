{{ config(
    incremental_predicates=["{{ changed_rows_only('olist', 'orders', 'order_id') }}"],
    indexes=[{'columns': ['customer_id'], 'type': 'hash'}],
) }}

with

source as (

    select * from {{ source('olist', 'orders') }}
    where
        {{ is_pinned() }}
        and {{ changed_rows_only('olist', 'orders', 'order_id') }}

),

renamed as (

    select
        ---------- ids
        order_id,
        customer_id,

        ---------- strings
        {{ trimmed('order_status') }} as order_status,

        ---------- timestamps
        {{ try_cast('order_purchase_timestamp', 'timestamp') }} as purchased_at,
        {{ try_cast('order_approved_at', 'timestamp') }} as approved_at,
        {{ try_cast('order_delivered_carrier_date', 'timestamp') }} as shipped_at,
        {{ try_cast('order_delivered_customer_date', 'timestamp') }} as delivered_at,
        cast({{ try_cast('order_estimated_delivery_date', 'timestamp') }} as date)
            as estimated_delivery_on,

        ---------- audit
        _batch_id,
        _loaded_at
    from source

)

select * from renamed
