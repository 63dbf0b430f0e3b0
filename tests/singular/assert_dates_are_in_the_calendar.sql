-- A date outside the calendar is on the unknown member of dim_dates: nothing breaks, but it is in
-- no chart by date. It warns, because the remedy is a setting: move calendar_starts_on or
-- calendar_ends_on in dbt_project.yml, add the holidays, and build with --full-refresh.
{{ config(severity='warn') }}

{% set moments = {
    "stg_olist__orders": [
        "purchased_at", "approved_at", "shipped_at", "delivered_at", "estimated_delivery_on",
    ],
    "stg_olist__order_items": ["shipping_limit_at"],
    "stg_olist__order_reviews": ["created_at", "answered_at"],
} %}

with

dates as (

    {%- for model, columns in moments.items() %}
    {%- set last_model = loop.last %}
    {%- for column in columns %}

    select
        order_id,
        '{{ column }}' as milestone,
        cast({{ column }} as date) as happened_on
    from {{ ref(model) }}
    where {{ column }} is not null and {{ date_key(column) }} = -1
    {%- if not (last_model and loop.last) %}

    union all
    {%- endif %}
    {%- endfor %}
    {%- endfor %}

)

select * from dates
