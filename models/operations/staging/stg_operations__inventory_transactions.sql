{{ config(
    incremental_predicates=["{{ changed_rows_only('operations', 'inventory_transactions', 'transaction_id') }}"],
) }}

with

source as (

    select * from {{ source('operations', 'inventory_transactions') }}
    where
        {{ is_pinned() }}
        and {{ changed_rows_only('operations', 'inventory_transactions', 'transaction_id') }}

),

renamed as (

    select
        ---------- ids
        transaction_id,
        {{ trimmed('product_id') }} as product_id,
        {{ trimmed('seller_id') }} as seller_id,
        {{ trimmed('order_id') }} as order_id,
        {{ try_cast('order_item_id', 'integer') }} as order_item_id,

        ---------- strings
        {{ trimmed('transaction_type') }} as transaction_type,

        ---------- numerics
        {{ try_cast('quantity', 'integer') }} as quantity,
        {{ try_cast('unit_cost', 'numeric(12, 2)') }} as unit_cost,

        ---------- timestamps
        {{ try_cast('transaction_at', 'timestamp') }} as transaction_at,

        ---------- audit
        _batch_id,
        _loaded_at
    from source

)

select * from renamed
