with

changes as (

    select
        changed_table,
        changed_id,
        _batch_id
    from {{ ref('stg_olist__changes') }}

),

orders as (

    select
        order_id,
        customer_id
    from {{ ref('stg_olist__orders') }}

),

order_items as (

    select
        order_id,
        seller_id
    from {{ ref('stg_olist__order_items') }}

),

order_rows_changed as (

    select
        changes.changed_id as order_id,
        changes.changed_table,
        changes._batch_id
    from changes
    where changes.changed_table in ('orders', 'order_items', 'order_payments', 'order_reviews')

),

customers_changed as (

    select
        orders.order_id,
        changes.changed_table,
        changes._batch_id
    from changes
    inner join orders
        on changes.changed_id = orders.customer_id
    where changes.changed_table = 'customers'

),

sellers_changed as (

    select
        order_items.order_id,
        changes.changed_table,
        changes._batch_id
    from changes
    inner join order_items
        on changes.changed_id = order_items.seller_id
    where changes.changed_table = 'sellers'

),

final as (

    select * from order_rows_changed
    union all
    select * from customers_changed
    union all
    select * from sellers_changed

)

select * from final
