-- Drilling across facts leans on it: a fact that missed a correction of the order shows here. The
-- amounts in fct_orders are the sums of the order's own lines and payments, and its score is that
-- of its latest review, of which an order with reviews has one. A line, payment or review is on the
-- customer, place and purchase day of its order, and a line has its status.
{% set same = {
    "fct_order_items": [
        "customer_key", "customer_geography_key", "purchased_date_key", "delivered_date_key",
        "order_status",
    ],
    "fct_payments": ["customer_key", "customer_geography_key", "purchased_date_key"],
    "fct_reviews": ["customer_key", "customer_geography_key"],
} %}

with

-- what its rows add to an order less what the order says: nothing remains
amounts as (

    select
        order_id,
        1 as item_count,
        price as items_value,
        freight_value,
        0 as payments_value,
        0 as review_score,
        cast(null as integer) as latest_reviews,
        0 as is_order
    from {{ ref('fct_order_items') }}
    where {{ changed_orders_only('order_id') }}

    union all

    select
        order_id,
        0 as item_count,
        0 as items_value,
        0 as freight_value,
        payment_value as payments_value,
        0 as review_score,
        cast(null as integer) as latest_reviews,
        0 as is_order
    from {{ ref('fct_payments') }}
    where {{ changed_orders_only('order_id') }}

    union all

    select
        order_id,
        0 as item_count,
        0 as items_value,
        0 as freight_value,
        0 as payments_value,
        case when is_latest_for_order then review_score end as review_score,
        case when is_latest_for_order then 1 else 0 end as latest_reviews,
        0 as is_order
    from {{ ref('fct_reviews') }}
    where {{ changed_orders_only('order_id') }}

    union all

    select
        order_id,
        -item_count as item_count,
        -items_value as items_value,
        -freight_value as freight_value,
        -payments_value as payments_value,
        -review_score as review_score,
        cast(null as integer) as latest_reviews,
        1 as is_order
    from {{ ref('fct_orders') }}
    where {{ changed_orders_only('order_id') }}

),

remainders as (

    select
        order_id,
        sum(item_count) as item_count,
        sum(items_value) as items_value,
        sum(freight_value) as freight_value,
        sum(payments_value) as payments_value,
        sum(review_score) as review_score,
        sum(latest_reviews) as latest_reviews,
        sum(is_order) as is_order
    from amounts
    group by order_id

)

select
    order_id,
    'amounts' as what
from remainders
where
    latest_reviews <> 1
    or (
        is_order = 1
        and (
            item_count <> 0
            or items_value <> 0
            or freight_value <> 0
            or payments_value <> 0
            or review_score <> 0
        )
    )

{%- for fact, columns in same.items() %}

union all

select
    child.order_id,
    '{{ fact }}' as what
from {{ ref(fact) }} as child
inner join {{ ref('fct_orders') }} as orders
    on child.order_id = orders.order_id
where
    {{ changed_orders_only('child.order_id') }}
    and (child.{{ columns | join(", child.") }}) <> (orders.{{ columns | join(", orders.") }})
{%- endfor %}
