-- Facts point at the unknown member where a key is not known; without it they would point nowhere.
{% set dimensions = {
    "dim_dates": "date_key = -1",
    "dim_customers": "customer_key = " ~ unknown_key(),
    "dim_sellers": "seller_key = " ~ unknown_key(),
    "dim_products": "product_key = " ~ unknown_key(),
    "dim_geographies": "geography_key = " ~ unknown_key(),
    "dim_payment_types": "payment_type_key = " ~ unknown_key(),
} %}

with

counted as (

    {%- for dimension, is_unknown in dimensions.items() %}

    select
        '{{ dimension }}' as dimension,
        count(*) as unknown_members
    from {{ ref(dimension) }}
    where {{ is_unknown }}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

)

select *
from counted
where unknown_members <> 1
