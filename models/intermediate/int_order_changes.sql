with

-- The three imports are one view: a CTE that is used more than once would be read whole.
order_row_changes as (

    select
        changed_id as order_id,
        _batch_id
    from {{ ref('stg_olist__changes') }}
    where changed_table in ('orders', 'order_items', 'order_payments', 'order_reviews')

),

customer_changes as (

    select
        changed_id as customer_id,
        _batch_id
    from {{ ref('stg_olist__changes') }}
    where changed_table = 'customers'

),

seller_changes as (

    select
        changed_id as seller_id,
        _batch_id
    from {{ ref('stg_olist__changes') }}
    where changed_table = 'sellers'

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

final as (

    select
        order_id,
        _batch_id
    from order_row_changes

    union all

    select
        customer_orders.order_id,
        customer_changes._batch_id
    from customer_changes
    cross join
        lateral (
            select orders.order_id
            from orders
            where orders.customer_id = customer_changes.customer_id
            {{ optimization_fence() }}
        ) as customer_orders

    union all

    select
        seller_orders.order_id,
        seller_changes._batch_id
    from seller_changes
    cross join
        lateral (
            select order_items.order_id
            from order_items
            where order_items.seller_id = seller_changes.seller_id
            {{ optimization_fence() }}
        ) as seller_orders

)

select * from final
