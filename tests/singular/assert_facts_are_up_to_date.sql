-- After a build, every fact row carries the newest batch among the rows that it is made from
-- now: an incremental run that missed a late, corrected or removed row shows here. The next run
-- leans on it too, because it looks at what is newer than the newest of these.
with

orders as (

    select
        orders.order_id,
        {{ newest_batch(['orders._batch_id', 'customers._batch_id']) }} as _batch_id
    from {{ ref('stg_olist__orders') }} as orders
    left join {{ ref('stg_olist__customers') }} as customers
        on orders.customer_id = customers.customer_id

),

{% set children = {
    "order_items": "stg_olist__order_items",
    "payments": "stg_olist__order_payments",
    "reviews": "stg_olist__order_reviews",
} %}
{%- for child, model in children.items() %}
{{ child }}_by_order as (

    select
        order_id,
        max(_batch_id) as _batch_id
    from {{ ref(model) }}
    group by order_id

),

{% endfor -%}

expected as (

    select
        'fct_orders' as fact,
        orders.order_id as row_key,
        {{ newest_batch([
            'orders._batch_id',
            'order_items_by_order._batch_id',
            'payments_by_order._batch_id',
            'reviews_by_order._batch_id',
        ]) }} as _batch_id
    from orders
    left join order_items_by_order
        on orders.order_id = order_items_by_order.order_id
    left join payments_by_order
        on orders.order_id = payments_by_order.order_id
    left join reviews_by_order
        on orders.order_id = reviews_by_order.order_id

    union all

    select
        'fct_order_items' as fact,
        order_items.order_item_key as row_key,
        {{ newest_batch(['order_items._batch_id', 'orders._batch_id', 'sellers._batch_id']) }}
            as _batch_id
    from {{ ref('stg_olist__order_items') }} as order_items
    left join orders
        on order_items.order_id = orders.order_id
    left join {{ ref('stg_olist__sellers') }} as sellers
        on order_items.seller_id = sellers.seller_id

    union all

    select
        'fct_payments' as fact,
        payments.payment_key as row_key,
        {{ newest_batch(['payments._batch_id', 'orders._batch_id']) }} as _batch_id
    from {{ ref('stg_olist__order_payments') }} as payments
    left join orders
        on payments.order_id = orders.order_id

    union all

    select
        'fct_reviews' as fact,
        reviews.review_key as row_key,
        {{ newest_batch(['reviews_by_order._batch_id', 'orders._batch_id']) }} as _batch_id
    from {{ ref('stg_olist__order_reviews') }} as reviews
    left join reviews_by_order
        on reviews.order_id = reviews_by_order.order_id
    left join orders
        on reviews.order_id = orders.order_id

),

found as (

    {%- set keys = {
        "fct_orders": "order_id",
        "fct_order_items": "order_item_key",
        "fct_payments": "payment_key",
        "fct_reviews": "review_key",
    } %}
    {%- for fact, key in keys.items() %}

    select
        '{{ fact }}' as fact,
        {{ key }} as row_key,
        _batch_id
    from {{ ref(fact) }}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

)

select
    expected.*,
    found._batch_id as fact_batch_id
from expected
inner join found
    on
        expected.fact = found.fact
        and expected.row_key = found.row_key
where expected._batch_id <> found._batch_id
