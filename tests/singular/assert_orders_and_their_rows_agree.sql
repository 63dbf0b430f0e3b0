-- Drilling across facts leans on it. The amounts in fct_orders are the sums of the order's own lines
-- and payments, and its score is that of its latest review, of which an order with reviews has
-- one; a line, payment or review is on the customer, place and purchase day of its order, and a line
-- has its status: a fact that missed a correction of the order shows here.
{% set same = {
    "fct_order_items": [
        "customer_key", "customer_geography_key", "purchased_date_key", "delivered_date_key",
        "order_status",
    ],
    "fct_payments": ["customer_key", "customer_geography_key", "purchased_date_key"],
    "fct_reviews": ["customer_key", "customer_geography_key"],
} %}
{% set sums = {
    "fct_order_items": {
        "item_count": "count(*)",
        "items_value": "sum(child.price)",
        "freight_value": "sum(child.freight_value)",
    },
    "fct_payments": {"payments_value": "sum(child.payment_value)"},
    "fct_reviews": {
        "review_score": "max(case when child.is_latest_for_order then child.review_score end)",
        "latest_count": "count(case when child.is_latest_for_order then 1 end)",
    },
} %}

with

{% for fact, columns in same.items() -%}
{{ fact }}_by_order as (

    select
        child.order_id,
        {%- for name, sum in sums[fact].items() %}
        {{ sum }} as {{ name }},
        {%- endfor %}
        count(
            case
                when
                    {%- for column in columns %}
                    {{ "or " if not loop.first }}child.{{ column }} <> orders.{{ column }}
                    {%- endfor %}
                    then 1
            end
        ) as stray_rows
    from {{ ref(fact) }} as child
    left join {{ ref('fct_orders') }} as orders
        on child.order_id = orders.order_id
    group by child.order_id

){{ "," if not loop.last }}

{% endfor -%}

select
    coalesce(orders.order_id, reviews.order_id) as order_id,
    lines.stray_rows as stray_lines,
    payments.stray_rows as stray_payments,
    reviews.stray_rows as stray_reviews,
    reviews.latest_count
from {{ ref('fct_orders') }} as orders
left join fct_order_items_by_order as lines
    on orders.order_id = lines.order_id
left join fct_payments_by_order as payments
    on orders.order_id = payments.order_id
full outer join fct_reviews_by_order as reviews
    on orders.order_id = reviews.order_id
where
    lines.stray_rows > 0
    or payments.stray_rows > 0
    or reviews.stray_rows > 0
    or reviews.latest_count <> 1
    or orders.item_count <> coalesce(lines.item_count, 0)
    or orders.items_value <> coalesce(lines.items_value, 0)
    or orders.freight_value <> coalesce(lines.freight_value, 0)
    or orders.payments_value <> coalesce(payments.payments_value, 0)
    or (orders.order_id is not null and orders.review_score is distinct from reviews.review_score)
