-- A date outside the calendar is on the unknown member of dim_dates: nothing breaks, but it is in
-- no chart by date. It warns, because the remedy is a setting: move calendar_starts_on or
-- calendar_ends_on in dbt_project.yml, add the holidays, and build with --full-refresh.
{{ config(severity='warn') }}

-- A moment that a fact does not have is looked up in staging, for the few rows on the unknown date.
{% set facts = {
    "fct_orders": ("fct_orders", "order_id", {
        "purchased_date_key": "purchased_at",
        "approved_date_key": "approved_at",
        "shipped_date_key": "shipped_at",
        "delivered_date_key": "delivered_at",
        "estimated_delivery_date_key": "estimated_delivery_on",
    }),
    "fct_order_items": ("stg_olist__order_items", "order_item_key", {
        "shipping_limit_date_key": "shipping_limit_at",
    }),
    "fct_reviews": ("stg_olist__order_reviews", "review_key", {
        "created_date_key": "created_at",
        "answered_date_key": "answered_at",
    }),
} %}

with

dates as (

    {%- for fact, (model, key, columns) in facts.items() %}
    {%- set last_fact = loop.last %}
    {%- for date_key, moment in columns.items() %}

    select
        inputs.order_id,
        '{{ moment }}' as milestone,
        cast(inputs.{{ moment }} as date) as happened_on
    from {{ ref(model) }} as inputs
    {%- if model != fact %}
    inner join {{ ref(fact) }} as facts
        on inputs.{{ key }} = facts.{{ key }}
    {%- endif %}
    where
        {{ "inputs" if model == fact else "facts" }}.{{ date_key }} = -1
        and inputs.{{ moment }} is not null
    {%- if not (last_fact and loop.last) %}

    union all
    {%- endif %}
    {%- endfor %}
    {%- endfor %}

)

select * from dates
