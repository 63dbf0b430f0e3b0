-- What the files hold is what the marts hold: no row is dropped or added, but for members that have
-- gone and are flagged, and the money is equal to the cent. The sums of raw are of its own text, so
-- that cents lost in staging show. Every layer leans on it; the tests of each fact compare it row
-- by row.
{{ config(tags='nightly') }}

{% set current = "count(case when not is_removed then 1 end)" %}
{% set figures = [
    ("customers", "count(*)", "stg_olist__customers", current),
    ("geolocation", "count(*)", "int_geolocation_counted", "sum(point_count)"),
    ("order_items", "count(*)", "fct_order_items", "count(*)"),
    ("order_payments", "count(*)", "fct_payments", "count(*)"),
    ("order_reviews", "count(*)", "fct_reviews", "count(*)"),
    ("orders", "count(*)", "fct_orders", "count(*)"),
    ("products", "count(*)", "stg_olist__products", current),
    ("sellers", "count(*)", "stg_olist__sellers", current),
    (
        "product_category_name_translation",
        "count(distinct " ~ trimmed("product_category_name") ~ ")",
        "stg_olist__product_category_translations", "count(*)",
    ),
    ("order_items", "sum(" ~ try_cast("price", "numeric(12, 2)") ~ ")", "fct_order_items", "sum(price)"),
    ("order_items", "sum(" ~ try_cast("freight_value", "numeric(12, 2)") ~ ")", "fct_order_items", "sum(freight_value)"),
    ("order_payments", "sum(" ~ try_cast("payment_value", "numeric(12, 2)") ~ ")", "fct_payments", "sum(payment_value)"),
] %}

with

compared as (

    {%- for table, raw_figure, model, figure in figures %}

    select
        '{{ table }}' as raw_table,
        '{{ model }}' as model_name,
        (
            select {{ raw_figure }}
            from {{ source('olist', table) }}
            where {{ is_pinned() }}
        ) as raw_total,
        (select {{ figure }} from {{ ref(model) }}) as total
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

)

select *
from compared
where coalesce(raw_total, 0) <> coalesce(total, 0)
