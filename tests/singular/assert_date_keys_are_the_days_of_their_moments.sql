-- The day that a date key leads to is the day of its timestamp. A key on the unknown date is
-- right only where there is no timestamp, or one outside the calendar. Every chart by date leans
-- on it.
{% set moments = {
    "fct_orders": ("stg_olist__orders", "order_id", {
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

keys_with_moments as (

    {%- for fact, (model, key, columns) in moments.items() %}
    {%- set last_fact = loop.last %}
    {%- for date_key, moment in columns.items() %}

    select
        '{{ fact }}.{{ date_key }}' as fact_column,
        facts.{{ key }} as row_key,
        facts.{{ date_key }} as date_key,
        cast(inputs.{{ moment }} as date) as happened_on
    from {{ ref(fact) }} as facts
    inner join {{ ref(model) }} as inputs
        on facts.{{ key }} = inputs.{{ key }}
    {%- if not (last_fact and loop.last) %}

    union all
    {%- endif %}
    {%- endfor %}
    {%- endfor %}

)

select keys_with_moments.*
from keys_with_moments
left join {{ ref('dim_dates') }} as dim_dates
    on keys_with_moments.happened_on = dim_dates.date_day
where keys_with_moments.date_key <> coalesce(dim_dates.date_key, -1)
