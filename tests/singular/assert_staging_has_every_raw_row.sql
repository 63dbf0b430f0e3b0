-- Staging renames and casts; it neither drops a row that is in the source nor adds one, but for
-- those members that have gone and are flagged.
-- Every layer above leans on it.
{% set tables = {
    "customers": "stg_olist__customers",
    "geolocation": "stg_olist__geolocation",
    "order_items": "stg_olist__order_items",
    "order_payments": "stg_olist__order_payments",
    "order_reviews": "stg_olist__order_reviews",
    "orders": "stg_olist__orders",
    "products": "stg_olist__products",
    "sellers": "stg_olist__sellers",
    "product_category_name_translation": "stg_olist__product_category_translations",
} %}

with

counted as (

    {%- for table, model in tables.items() %}

    select
        '{{ table }}' as raw_table,
        (
            select count(*)
            from {{ source('olist', table) }}
            where {{ is_pinned() }}
        ) as raw_rows,
        (
            select count(*)
            from {{ ref(model) }}
            {%- if table in ("customers", "products", "sellers") %}
            where not is_removed
            {%- endif %}
        ) as staging_rows
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

)

select *
from counted
where raw_rows <> staging_rows
