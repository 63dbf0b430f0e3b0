{#- Every cast of staging, by raw table; tests/python/test_invalid_values.py compares. -#}
{% set tables = {
    "customers": (["customer_id"], {
        "customer_zip_code_prefix": "zip_code_prefix",
    }),
    "geolocation": (["geolocation_zip_code_prefix"], {
        "geolocation_zip_code_prefix": "zip_code_prefix",
        "geolocation_lat": "numeric(18, 14)",
        "geolocation_lng": "numeric(18, 14)",
    }),
    "order_items": (["order_id", "order_item_id"], {
        "order_item_id": "integer",
        "price": "numeric(12, 2)",
        "freight_value": "numeric(12, 2)",
        "shipping_limit_date": "timestamp",
    }),
    "order_payments": (["order_id", "payment_sequential"], {
        "payment_sequential": "integer",
        "payment_installments": "integer",
        "payment_value": "numeric(12, 2)",
    }),
    "order_reviews": (["review_id", "order_id"], {
        "review_score": "integer",
        "review_creation_date": "timestamp",
        "review_answer_timestamp": "timestamp",
    }),
    "orders": (["order_id"], {
        "order_purchase_timestamp": "timestamp",
        "order_approved_at": "timestamp",
        "order_delivered_carrier_date": "timestamp",
        "order_delivered_customer_date": "timestamp",
        "order_estimated_delivery_date": "timestamp",
    }),
    "products": (["product_id"], {
        "product_name_lenght": "integer",
        "product_description_lenght": "integer",
        "product_photos_qty": "integer",
        "product_weight_g": "integer",
        "product_length_cm": "integer",
        "product_height_cm": "integer",
        "product_width_cm": "integer",
    }),
    "sellers": (["seller_id"], {
        "seller_zip_code_prefix": "zip_code_prefix",
    }),
} %}

with

-- The million points are read again only where one of them is not whole.
unread_points as (

    select 1
    from {{ ref('int_geolocation_counted') }}
    where
        unread_point_count > 0
        or zip_code_prefix is null

),

{% for table, (keys, columns) in tables.items() -%}
{{ table }} as (

    select
        {{ row_key(keys) }} as row_key,
        {{ columns | join(",\n        ") }},
        _batch_id,
        _source_file
    from {{ source('olist', table) }}
    where
        {{ is_pinned() }}
        {%- if table == "geolocation" %}
        and exists (select 1 from unread_points)
        {%- endif %}
        and (
            {%- for column, type in columns.items() %}
            {{ "or " if not loop.first }}({{ is_invalid(column, type) }})
            {%- endfor %}
        )

),

{% endfor -%}

invalid_values as (

    {%- for table, (keys, columns) in tables.items() %}
    {%- set last_table = loop.last %}
    {%- for column, type in columns.items() %}

    select
        '{{ table }}' as table_name,
        row_key,
        '{{ column }}' as column_name,
        {{ column }} as invalid_value,
        '{{ type }}' as expected_type,
        _batch_id,
        _source_file as source_file
    from {{ table }}
    where {{ is_invalid(column, type) }}
    {%- if not (last_table and loop.last) %}

    union all
    {%- endif %}
    {%- endfor %}
    {%- endfor %}

),

-- Points of geolocation have no key: several have one zip code prefix.
numbered as (

    select
        *,
        row_number() over (
            partition by table_name, row_key, column_name
            order by invalid_value, _batch_id
        ) as value_number
    from invalid_values

),

final as (

    select
        {{ dbt_utils.generate_surrogate_key([
            'table_name', 'row_key', 'column_name', 'value_number',
        ]) }} as invalid_value_key,
        table_name,
        row_key,
        column_name,
        invalid_value,
        expected_type,
        _batch_id,
        source_file
    from numbered

)

select * from final
