-- The amounts in fct_orders are the sums of the order's own lines and payments, order by order,
-- and its score is that of its latest review. Average order value and payment reports lean on
-- it.
with

lines as (

    select
        order_id,
        count(*) as item_count,
        sum(price) as items_value,
        sum(freight_value) as freight_value
    from {{ ref('fct_order_items') }}
    group by order_id

),

payments as (

    select
        order_id,
        sum(payment_value) as payments_value
    from {{ ref('fct_payments') }}
    group by order_id

),

latest_reviews as (

    select
        order_id,
        review_score
    from {{ ref('fct_reviews') }}
    where is_latest_for_order

)

select fct_orders.*
from {{ ref('fct_orders') }} as fct_orders
left join lines
    on fct_orders.order_id = lines.order_id
left join payments
    on fct_orders.order_id = payments.order_id
left join latest_reviews
    on fct_orders.order_id = latest_reviews.order_id
where
    fct_orders.item_count <> coalesce(lines.item_count, 0)
    or fct_orders.items_value <> coalesce(lines.items_value, 0)
    or fct_orders.freight_value <> coalesce(lines.freight_value, 0)
    or fct_orders.payments_value <> coalesce(payments.payments_value, 0)
    or fct_orders.review_score is distinct from latest_reviews.review_score
