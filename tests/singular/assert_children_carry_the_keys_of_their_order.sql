-- A line, payment or review is on the customer, place and purchase day of its order, and a line
-- has its status: a fact that missed a correction of the order shows here. Drilling across facts
-- leans on it.
{% set columns = {
    "fct_order_items": [
        "customer_key", "customer_geography_key", "purchased_date_key", "delivered_date_key",
        "order_status",
    ],
    "fct_payments": ["customer_key", "customer_geography_key", "purchased_date_key"],
    "fct_reviews": ["customer_key", "customer_geography_key"],
} %}

with

strays as (

    {%- for fact, names in columns.items() %}

    select
        '{{ fact }}' as fact,
        fct_orders.order_id
    from {{ ref('fct_orders') }} as fct_orders
    inner join {{ ref(fact) }} as child
        on fct_orders.order_id = child.order_id
    where
        false
        {%- for name in names %}
        or child.{{ name }} <> fct_orders.{{ name }}
        {%- endfor %}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

)

select * from strays
