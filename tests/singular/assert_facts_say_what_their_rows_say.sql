-- What a fact takes over from its own staging row is what that row says, column by column:
-- columns of one type are easily mixed up, and a chart would not show it.
{% set facts = {
    "fct_orders": ("stg_olist__orders", "order_id", [
        "order_status", "purchased_at", "approved_at", "shipped_at", "delivered_at",
        "estimated_delivery_on",
    ]),
    "fct_order_items": ("stg_olist__order_items", "order_item_key", [
        "order_id", "order_item_id", "price", "freight_value",
    ]),
    "fct_payments": ("stg_olist__order_payments", "payment_key", [
        "order_id", "payment_sequential", "installments", "payment_value",
    ]),
    "fct_reviews": ("stg_olist__order_reviews", "review_key", [
        "review_id", "order_id", "review_score",
    ]),
} %}

with

strays as (

    {%- for fact, (model, key, columns) in facts.items() %}
    {%- set last_fact = loop.last %}
    {%- for column in columns %}

    select
        '{{ fact }}.{{ column }}' as fact_column,
        facts.{{ key }} as row_key
    from {{ ref(fact) }} as facts
    inner join {{ ref(model) }} as inputs
        on facts.{{ key }} = inputs.{{ key }}
    where
        facts.{{ column }} is distinct from inputs.{{ column }}
        and not (
            inputs.{{ column }} is null
            and cast(facts.{{ column }} as {{ dbt.type_string() }}) = 'unknown'
        )
    {%- if not (last_fact and loop.last) %}

    union all
    {%- endif %}
    {%- endfor %}
    {%- endfor %}

)

select * from strays
