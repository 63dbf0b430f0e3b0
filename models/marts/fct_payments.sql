{{ config(
    incremental_predicates=["{{ changed_orders_only('order_id') }}"],
    indexes=[
        {'columns': ['order_id']},
        {'columns': ['customer_key']},
        {'columns': ['purchased_date_key']},
    ],
) }}

with

order_payments as (

    select
        payment_key,
        order_id,
        payment_sequential,
        payment_type,
        installments,
        payment_value,
        _batch_id
    from {{ ref('stg_olist__order_payments') }}
    where {{ changed_orders_only('order_id') }}

),

orders as (

    select
        order_id,
        customer_id,
        purchased_at,
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

final as (

    select
        ---------- primary key
        order_payments.payment_key,

        ---------- foreign keys
        {{ dimension_key('customers.customer_unique_id') }} as customer_key,
        {{ dimension_key('customers.zip_code_prefix') }} as customer_geography_key,
        {{ dimension_key('order_payments.payment_type') }} as payment_type_key,

        ---------- dates
        {{ date_key('orders.purchased_at') }} as purchased_date_key,

        ---------- degenerate dimensions
        order_payments.order_id,
        order_payments.payment_sequential,

        ---------- measures
        order_payments.installments,
        order_payments.payment_value,

        ---------- audit
        {{ newest_batch(['order_payments._batch_id', 'orders._batch_id', 'customers._batch_id']) }}
            as _batch_id
    from order_payments
    left join orders
        on order_payments.order_id = orders.order_id
    left join customers
        on orders.customer_id = customers.customer_id

)

select * from final
