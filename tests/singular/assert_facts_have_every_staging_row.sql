-- Each fact has the rows of its grain in staging, neither fewer nor others: nothing is lost in a
-- join and nothing stays that has gone. The totals that people publish lean on it. (That none is
-- there twice is what the unique tests of the keys say.)
{% set facts = {
    "fct_orders": ("stg_olist__orders", "order_id"),
    "fct_order_items": ("stg_olist__order_items", "order_item_key"),
    "fct_payments": ("stg_olist__order_payments", "payment_key"),
    "fct_reviews": ("stg_olist__order_reviews", "review_key"),
} %}

with

strays as (

    {%- for fact, (model, key) in facts.items() %}

    select
        '{{ fact }}' as fact,
        facts.{{ key }} as fact_key,
        inputs.{{ key }} as staging_key
    from {{ ref(fact) }} as facts
    full outer join {{ ref(model) }} as inputs
        on facts.{{ key }} = inputs.{{ key }}
    where facts.{{ key }} is null or inputs.{{ key }} is null
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

)

select * from strays
