-- Each fact has a row for every row of its grain in staging: nothing is lost in a join and nothing
-- is multiplied by one. The totals that people publish lean on it.
{% set facts = {
    "fct_orders": "stg_olist__orders",
    "fct_order_items": "stg_olist__order_items",
    "fct_payments": "stg_olist__order_payments",
    "fct_reviews": "stg_olist__order_reviews",
} %}

with

counted as (

    {%- for fact, model in facts.items() %}

    select
        '{{ fact }}' as fact,
        (select count(*) from {{ ref(fact) }}) as fact_rows,
        (select count(*) from {{ ref(model) }}) as staging_rows
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

)

select *
from counted
where fact_rows <> staging_rows
