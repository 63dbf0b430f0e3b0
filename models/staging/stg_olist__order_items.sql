{{ config(
    incremental_predicates=["{{ changed_rows_only('olist', 'order_items', 'order_id') }}"],
    indexes=[
        {'columns': ['order_id']},
        {'columns': ['seller_id'], 'type': 'hash'},
    ],
) }}

with

source as (

    select * from {{ source('olist', 'order_items') }}
    where
        {{ is_pinned() }}
        and {{ changed_rows_only('olist', 'order_items', 'order_id') }}

),

renamed as (

    select
        ---------- ids; the key is of the text, so a number that cannot be cast has one too
        {{ dbt_utils.generate_surrogate_key(['order_id', 'order_item_id']) }} as order_item_key,
        order_id,
        {{ try_cast('order_item_id', 'integer') }} as order_item_id,
        product_id,
        seller_id,

        ---------- numerics
        {{ try_cast('price', 'numeric(12, 2)') }} as price,
        {{ try_cast('freight_value', 'numeric(12, 2)') }} as freight_value,

        ---------- timestamps
        {{ try_cast('shipping_limit_date', 'timestamp') }} as shipping_limit_at,

        ---------- audit
        _batch_id,
        _loaded_at
    from source

)

select * from renamed
