-- To the cent: what the files say is what the facts say. The first sum is of the raw text, so that
-- cents lost in staging show too (what is no number is in invalid_values). fct_orders is compared
-- where the order is known.
{% set tables = {
    "order_items": ("fct_order_items", {
        "price": "items_value",
        "freight_value": "freight_value",
    }),
    "order_payments": ("fct_payments", {
        "payment_value": "payments_value",
    }),
} %}

with

{% for raw_table, (fact, measures) in tables.items() -%}
{{ raw_table }}_in_raw as (

    select
        {%- for measure in measures %}
        sum(
            case
                when {{ try_cast(measure, 'numeric(12, 2)') }} is not null
                    then {{ try_cast(measure, 'numeric(18, 6)') }}
            end
        ) as {{ measure }}{{ "," if not loop.last }}
        {%- endfor %}
    from {{ source('olist', raw_table) }}
    where _deleted_at is null

),

{{ fact }}_totals as (

    select
        {%- for measure in measures %}
        sum(facts.{{ measure }}) as {{ measure }},
        sum(case when orders.order_id is not null then facts.{{ measure }} end)
            as {{ measure }}_of_known_orders{{ "," if not loop.last }}
        {%- endfor %}
    from {{ ref(fact) }} as facts
    left join {{ ref('fct_orders') }} as orders
        on facts.order_id = orders.order_id

),

{% endfor -%}

order_totals as (

    select
        sum(items_value) as items_value,
        sum(freight_value) as freight_value,
        sum(payments_value) as payments_value
    from {{ ref('fct_orders') }}

),

totals as (

    {%- for raw_table, (fact, measures) in tables.items() %}
    {%- set last_table = loop.last %}
    {%- for measure, header_measure in measures.items() %}

    select
        '{{ measure }}' as measure,
        coalesce({{ raw_table }}_in_raw.{{ measure }}, 0) as raw_total,
        coalesce({{ fact }}_totals.{{ measure }}, 0) as fact_total,
        coalesce({{ fact }}_totals.{{ measure }}_of_known_orders, 0) as total_of_known_orders,
        coalesce(order_totals.{{ header_measure }}, 0) as order_total
    from {{ raw_table }}_in_raw
    cross join {{ fact }}_totals
    cross join order_totals
    {%- if not (last_table and loop.last) %}

    union all
    {%- endif %}
    {%- endfor %}
    {%- endfor %}

)

select *
from totals
where
    raw_total <> fact_total
    or total_of_known_orders <> order_total
