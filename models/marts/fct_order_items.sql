{{ config(
    incremental_predicates=["{{ changed_orders_only('order_id') }}"],
    indexes=[
        {'columns': ['order_id']},
        {'columns': ['customer_key']},
        {'columns': ['seller_key']},
        {'columns': ['product_key']},
        {'columns': ['purchased_date_key']},
    ],
) }}

with

order_items as (

    select
        order_item_key,
        order_id,
        order_item_id,
        product_id,
        seller_id,
        price,
        freight_value,
        shipping_limit_at,
        _batch_id
    from {{ ref('stg_olist__order_items') }}
    where {{ changed_orders_only('order_id') }}

),

orders as (

    select
        order_id,
        customer_id,
        order_status,
        purchased_at,
        delivered_at,
        _batch_id
    from {{ ref('stg_olist__orders') }}
    where {{ changed_orders_only('order_id') }}

),

customers as (

    select
        customer_id,
        customer_unique_id,
        zip_code_prefix,
        _batch_id
    from {{ ref('stg_olist__customers') }}
    where {{ related_rows_only('orders', 'customer_id') }}

),

sellers as (

    select
        seller_id,
        zip_code_prefix,
        _batch_id
    from {{ ref('stg_olist__sellers') }}
    where {{ related_rows_only('order_items', 'seller_id') }}

),

final as (

    select
        ---------- primary key
        order_items.order_item_key,

        ---------- foreign keys
        {{ dimension_key('customers.customer_unique_id') }} as customer_key,
        {{ dimension_key('order_items.seller_id') }} as seller_key,
        {{ dimension_key('order_items.product_id') }} as product_key,
        {{ dimension_key('customers.zip_code_prefix') }} as customer_geography_key,
        {{ dimension_key('sellers.zip_code_prefix') }} as seller_geography_key,

        ---------- dates
        {{ date_key('orders.purchased_at') }} as purchased_date_key,
        {{ date_key('orders.delivered_at') }} as delivered_date_key,
        {{ date_key('order_items.shipping_limit_at') }} as shipping_limit_date_key,

        ---------- degenerate dimensions
        order_items.order_id,
        order_items.order_item_id,
        coalesce(orders.order_status, 'unknown') as order_status,
        orders.purchased_at,

        ---------- measures
        order_items.price,
        order_items.freight_value,
        cast(
            coalesce(order_items.price, 0) + coalesce(order_items.freight_value, 0)
            as numeric(12, 2)
        ) as item_total,

        ---------- audit
        {{ newest_batch([
            'order_items._batch_id',
            'orders._batch_id',
            'customers._batch_id',
            'sellers._batch_id',
        ]) }} as _batch_id
    from order_items
    left join orders
        on order_items.order_id = orders.order_id
    left join customers
        on orders.customer_id = customers.customer_id
    left join sellers
        on order_items.seller_id = sellers.seller_id

)

select * from final
