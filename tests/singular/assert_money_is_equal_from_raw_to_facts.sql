-- To the cent: what the files say is what staging and the facts say. The first sum is of the raw
-- text, so that cents lost in staging show too (what is no number is in invalid_values).
-- fct_orders is compared where the order is known.
{% set measures = [
    ("price", "order_items", "stg_olist__order_items", "fct_order_items", "items_value"),
    ("freight_value", "order_items", "stg_olist__order_items", "fct_order_items", "freight_value"),
    ("payment_value", "order_payments", "stg_olist__order_payments", "fct_payments",
     "payments_value"),
] %}

with

totals as (

    {%- for measure, raw_table, staging_model, fact, header_measure in measures %}

    select
        '{{ measure }}' as measure,
        (
            select coalesce(sum({{ try_cast(measure, 'numeric(18, 6)') }}), 0)
            from {{ source('olist', raw_table) }}
            where _deleted_at is null
        ) as raw_total,
        (select coalesce(sum({{ measure }}), 0) from {{ ref(staging_model) }}) as staging_total,
        (select coalesce(sum({{ measure }}), 0) from {{ ref(fact) }}) as fact_total,
        (
            select coalesce(sum(fact.{{ measure }}), 0)
            from {{ ref(fact) }} as fact
            inner join {{ ref('stg_olist__orders') }} as orders
                on fact.order_id = orders.order_id
        ) as total_of_known_orders,
        (select coalesce(sum({{ header_measure }}), 0) from {{ ref('fct_orders') }})
            as order_total
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

)

select *
from totals
where
    raw_total <> staging_total
    or raw_total <> fact_total
    or total_of_known_orders <> order_total
