{{ config(
    incremental_predicates=["{{ changed_rows_only('operations', 'invoices', 'invoice_id') }}"],
) }}

with

source as (

    select * from {{ source('operations', 'invoices') }}
    where
        {{ is_pinned() }}
        and {{ changed_rows_only('operations', 'invoices', 'invoice_id') }}

),

renamed as (

    select
        ---------- ids
        invoice_id,
        {{ trimmed('order_id') }} as order_id,
        {{ trimmed('customer_id') }} as customer_id,
        {{ trimmed('seller_id') }} as seller_id,

        ---------- strings
        {{ trimmed('product_category_name') }} as category_name_portuguese,
        {{ trimmed('payment_type') }} as payment_type,
        {{ trimmed('invoice_status') }} as invoice_status,
        {{ trimmed('customer_city') }} as customer_city,
        {{ trimmed('customer_state') }} as customer_state_code,
        {{ trimmed('seller_city') }} as seller_city,
        {{ trimmed('seller_state') }} as seller_state_code,
        {{ trimmed('source_system') }} as source_system,

        ---------- numerics
        {{ try_cast('price', 'numeric(12, 2)') }} as price,
        {{ try_cast('freight_value', 'numeric(12, 2)') }} as freight_value,
        {{ try_cast('total_value', 'numeric(12, 2)') }} as total_value,
        {{ try_cast('payment_installments', 'integer') }} as installments,

        ---------- timestamps
        {{ try_cast('invoiced_at', 'timestamp') }} as invoiced_at,

        ---------- audit
        _batch_id,
        _loaded_at
    from source

)

select * from renamed
