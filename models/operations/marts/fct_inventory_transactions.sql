{{ config(
    incremental_predicates=["{{ changed_rows_only('operations', 'inventory_transactions', 'transaction_id') }}"],
    indexes=[
        {'columns': ['product_key']},
        {'columns': ['transaction_date_key']},
    ],
) }}

with

inventory_transactions as (

    select
        transaction_id,
        product_id,
        seller_id,
        order_id,
        order_item_id,
        transaction_type,
        quantity,
        unit_cost,
        transaction_at,
        _batch_id
    from {{ ref('stg_operations__inventory_transactions') }}
    where {{ changed_rows_only('operations', 'inventory_transactions', 'transaction_id') }}

),

final as (

    select
        ---------- primary key
        transaction_id,

        ---------- foreign keys
        {{ dimension_key('product_id') }} as product_key,
        {{ dimension_key('seller_id') }} as seller_key,

        ---------- dates
        {{ date_key('transaction_at') }} as transaction_date_key,

        ---------- degenerate dimensions; the ids, because stock may know more than the star
        coalesce(product_id, 'unknown') as product_id,
        coalesce(seller_id, 'unknown') as seller_id,
        order_id,
        order_item_id,
        coalesce(transaction_type, 'unknown') as transaction_type,
        transaction_at,

        ---------- measures
        quantity,
        unit_cost,
        cast(quantity * unit_cost as numeric(22, 2)) as transaction_value,

        ---------- audit
        _batch_id
    from inventory_transactions

)

select * from final
