with

orders as (

    select
        order_id,
        customer_id,
        order_status,
        purchased_at,
        approved_at,
        shipped_at,
        delivered_at,
        estimated_delivery_on,
        _batch_id
    from {{ ref('stg_olist__orders') }}

),

customers as (

    select
        customer_id,
        customer_unique_id,
        zip_code_prefix,
        _batch_id
    from {{ ref('stg_olist__customers') }}

),

final as (

    select
        ---------- ids
        orders.order_id,
        customers.customer_unique_id,

        ---------- strings
        orders.order_status,
        customers.zip_code_prefix as customer_zip_code_prefix,

        ---------- dates and timestamps
        orders.purchased_at,
        orders.approved_at,
        orders.shipped_at,
        orders.delivered_at,
        orders.estimated_delivery_on,

        ---------- audit
        {{ newest_batch(['orders._batch_id', 'customers._batch_id']) }} as _batch_id
    from orders
    left join customers
        on orders.customer_id = customers.customer_id

)

select * from final
