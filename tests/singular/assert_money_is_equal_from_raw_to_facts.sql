-- To the cent: what the files say is what the facts say. The first sum is of the raw text, so that
-- cents lost in staging show too (what is no number is in invalid_values). fct_orders is compared
-- where the order is known.
{% set measures = [
    ("price", "items", "items_value"),
    ("freight_value", "items", "freight_value"),
    ("payment_value", "payments", "payments_value"),
] %}

with

raw_items as (

    select
        sum(
            case
                when {{ try_cast('price', 'numeric(12, 2)') }} is not null
                    then {{ try_cast('price', 'numeric(18, 6)') }}
            end
        ) as price,
        sum(
            case
                when {{ try_cast('freight_value', 'numeric(12, 2)') }} is not null
                    then {{ try_cast('freight_value', 'numeric(18, 6)') }}
            end
        ) as freight_value
    from {{ source('olist', 'order_items') }}
    where {{ is_pinned() }}

),

raw_payments as (

    select
        sum(
            case
                when {{ try_cast('payment_value', 'numeric(12, 2)') }} is not null
                    then {{ try_cast('payment_value', 'numeric(18, 6)') }}
            end
        ) as payment_value
    from {{ source('olist', 'order_payments') }}
    where {{ is_pinned() }}

),

items as (

    select
        sum(items.price) as price,
        sum(items.freight_value) as freight_value,
        sum(case when orders.order_id is not null then items.price end) as known_price,
        sum(case when orders.order_id is not null then items.freight_value end)
            as known_freight_value
    from {{ ref('fct_order_items') }} as items
    left join {{ ref('fct_orders') }} as orders
        on items.order_id = orders.order_id

),

payments as (

    select
        sum(payments.payment_value) as payment_value,
        sum(case when orders.order_id is not null then payments.payment_value end)
            as known_payment_value
    from {{ ref('fct_payments') }} as payments
    left join {{ ref('fct_orders') }} as orders
        on payments.order_id = orders.order_id

),

orders as (

    select
        sum(items_value) as items_value,
        sum(freight_value) as freight_value,
        sum(payments_value) as payments_value
    from {{ ref('fct_orders') }}

),

totals as (

    {%- for measure, rows, header_measure in measures %}

    select
        '{{ measure }}' as measure,
        coalesce(raw_{{ rows }}.{{ measure }}, 0) as raw_total,
        coalesce({{ rows }}.{{ measure }}, 0) as fact_total,
        coalesce({{ rows }}.known_{{ measure }}, 0) as total_of_known_orders,
        coalesce(orders.{{ header_measure }}, 0) as order_total
    from raw_{{ rows }}
    cross join {{ rows }}
    cross join orders
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

)

select *
from totals
where
    raw_total <> fact_total
    or total_of_known_orders <> order_total
