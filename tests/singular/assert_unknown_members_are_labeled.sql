-- Each dimension has one unknown member, at which facts point where a key is not known; it calls
-- itself unknown in every text, and is neither inferred nor removed.
{% set dimensions = {
    "dim_dates": ("date_key = -1", [], []),
    "dim_customers": (
        "customer_key = '-1' and geography_key = '-1'",
        ["customer_unique_id", "zip_code_prefix", "city", "state_code"], ["is_removed"],
    ),
    "dim_sellers": (
        "seller_key = '-1' and geography_key = '-1'",
        ["seller_id", "zip_code_prefix", "city", "state_code"], ["is_inferred", "is_removed"],
    ),
    "dim_products": (
        "product_key = '-1'",
        ["product_id", "category_name", "category_name_portuguese", "weight_band"],
        ["is_inferred", "is_removed"],
    ),
    "dim_geographies": (
        "geography_key = '-1'",
        ["zip_code_prefix", "city", "state_code", "state_name", "region"], ["is_inferred"],
    ),
    "dim_payment_types": (
        "payment_type_key = '-1' and payment_type_name = 'Unknown'",
        ["payment_type"], ["is_inferred"],
    ),
} %}

with

counted as (

    {%- for dimension, (is_unknown, texts, flags) in dimensions.items() %}

    select
        '{{ dimension }}' as dimension,
        count(*) as unknown_members
    from {{ ref(dimension) }}
    where
        {{ is_unknown }}
        {%- for text in texts %}
        and {{ text }} = 'unknown'
        {%- endfor %}
        {%- for flag in flags %}
        and not {{ flag }}
        {%- endfor %}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

)

select *
from counted
where unknown_members <> 1
