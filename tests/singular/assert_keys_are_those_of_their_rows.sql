-- The key that a fact has is the one that its own staging row gives: product, seller and payment
-- type of a line or payment cannot be another one, nor the unknown member by mistake.
with

lines as (

    select fct_order_items.order_item_key as fact_key
    from {{ ref('fct_order_items') }} as fct_order_items
    inner join {{ ref('stg_olist__order_items') }} as order_items
        on
            fct_order_items.order_id = order_items.order_id
            and fct_order_items.order_item_id = order_items.order_item_id
    where
        fct_order_items.product_key <> {{ dimension_key('order_items.product_id') }}
        or fct_order_items.seller_key <> {{ dimension_key('order_items.seller_id') }}

),

payments as (

    select fct_payments.payment_key as fact_key
    from {{ ref('fct_payments') }} as fct_payments
    inner join {{ ref('stg_olist__order_payments') }} as order_payments
        on
            fct_payments.order_id = order_payments.order_id
            and fct_payments.payment_sequential = order_payments.payment_sequential
    where fct_payments.payment_type_key <> {{ dimension_key('order_payments.payment_type') }}

)

select fact_key from lines
union all
select fact_key from payments
