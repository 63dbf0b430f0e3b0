-- The key that a fact row has is the one that its own staging rows give: product, seller, place
-- of the seller, payment type, person and place cannot be another one, nor the unknown member by
-- mistake.
with

strays as (

    select fct_order_items.order_item_key as fact_key
    from {{ ref('fct_order_items') }} as fct_order_items
    inner join {{ ref('stg_olist__order_items') }} as order_items
        on fct_order_items.order_item_key = order_items.order_item_key
    left join {{ ref('stg_olist__sellers') }} as sellers
        on order_items.seller_id = sellers.seller_id
    where
        fct_order_items.product_key <> {{ dimension_key('order_items.product_id') }}
        or fct_order_items.seller_key <> {{ dimension_key('order_items.seller_id') }}
        or fct_order_items.seller_geography_key
        <> {{ dimension_key('sellers.zip_code_prefix') }}

    union all

    select fct_payments.payment_key as fact_key
    from {{ ref('fct_payments') }} as fct_payments
    inner join {{ ref('stg_olist__order_payments') }} as order_payments
        on fct_payments.payment_key = order_payments.payment_key
    where fct_payments.payment_type_key <> {{ dimension_key('order_payments.payment_type') }}

    union all

    select fct_orders.order_id as fact_key
    from {{ ref('fct_orders') }} as fct_orders
    inner join {{ ref('stg_olist__orders') }} as orders
        on fct_orders.order_id = orders.order_id
    left join {{ ref('stg_olist__customers') }} as customers
        on orders.customer_id = customers.customer_id
    where
        fct_orders.customer_key <> {{ dimension_key('customers.customer_unique_id') }}
        or fct_orders.customer_geography_key <> {{ dimension_key('customers.zip_code_prefix') }}

)

select * from strays
