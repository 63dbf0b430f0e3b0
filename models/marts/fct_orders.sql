{{ config(
    incremental_predicates=["{{ changed_orders_only('order_id') }}"],
    indexes=[
        {'columns': ['customer_key']},
        {'columns': ['purchased_date_key']},
    ],
) }}

with

orders as (

    select *
    from {{ ref('int_orders_with_milestones') }}
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

-- Each child is brought to one row an order before it is joined: lines times payments times reviews
-- would count every amount several times.
items_by_order as (

    select
        order_id,
        count(*) as item_count,
        sum(price) as items_value,
        sum(freight_value) as freight_value,
        max(_batch_id) as _batch_id
    from {{ ref('stg_olist__order_items') }}
    where {{ changed_orders_only('order_id') }}
    group by order_id

),

payments_by_order as (

    select
        order_id,
        sum(payment_value) as payments_value,
        max(_batch_id) as _batch_id
    from {{ ref('stg_olist__order_payments') }}
    where {{ changed_orders_only('order_id') }}
    group by order_id

),

reviews_ranked as (

    select
        order_id,
        review_score,
        max(_batch_id) over (partition by order_id) as _batch_id,
        row_number() over (
            partition by order_id
            order by {{ latest_review_first() }}
        ) as review_rank
    from {{ ref('stg_olist__order_reviews') }}
    where {{ changed_orders_only('order_id') }}

),

final as (

    select
        ---------- primary key
        orders.order_id,

        ---------- foreign keys
        {{ dimension_key('customers.customer_unique_id') }} as customer_key,
        {{ dimension_key('customers.zip_code_prefix') }} as customer_geography_key,

        ---------- dates
        {{ date_key('orders.purchased_at') }} as purchased_date_key,
        {{ date_key('orders.approved_at') }} as approved_date_key,
        {{ date_key('orders.shipped_at') }} as shipped_date_key,
        {{ date_key('orders.delivered_at') }} as delivered_date_key,
        {{ date_key('orders.estimated_delivery_on') }} as estimated_delivery_date_key,

        ---------- milestones
        coalesce(orders.order_status, 'unknown') as order_status,
        orders.purchased_at,
        orders.approved_at,
        orders.shipped_at,
        orders.delivered_at,
        orders.estimated_delivery_on,
        orders.hours_to_approve,
        orders.days_to_ship,
        orders.days_to_deliver,
        orders.is_delivered,
        orders.is_late,

        ---------- measures
        cast(orders.is_delivered as integer) as delivered_orders,
        cast(orders.is_late as integer) as late_orders,
        cast(coalesce(items_by_order.item_count, 0) as integer) as item_count,
        cast(coalesce(items_by_order.items_value, 0) as numeric(12, 2)) as items_value,
        cast(coalesce(items_by_order.freight_value, 0) as numeric(12, 2)) as freight_value,
        cast(coalesce(payments_by_order.payments_value, 0) as numeric(12, 2)) as payments_value,
        reviews_ranked.review_score,

        ---------- audit
        {{ newest_batch([
            'orders._batch_id',
            'customers._batch_id',
            'items_by_order._batch_id',
            'payments_by_order._batch_id',
            'reviews_ranked._batch_id',
        ]) }} as _batch_id
    from orders
    left join customers
        on orders.customer_id = customers.customer_id
    left join items_by_order
        on orders.order_id = items_by_order.order_id
    left join payments_by_order
        on orders.order_id = payments_by_order.order_id
    left join reviews_ranked
        on
            orders.order_id = reviews_ranked.order_id
            and reviews_ranked.review_rank = 1

)

select * from final
