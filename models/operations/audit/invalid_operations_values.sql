{#- Every cast of the staging models of operations; tests/python/test_operations.py compares. -#}
{% set tables = {
    "inventory_transactions": (["transaction_id"], {
        "order_item_id": "integer",
        "quantity": "integer",
        "unit_cost": "numeric(12, 2)",
        "transaction_at": "timestamp",
    }),
    "invoices": (["invoice_id"], {
        "price": "numeric(12, 2)",
        "freight_value": "numeric(12, 2)",
        "total_value": "numeric(12, 2)",
        "payment_installments": "integer",
        "invoiced_at": "timestamp",
    }),
    "marketing_campaigns": (["campaign_id", "campaign_date"], {
        "impressions": "bigint",
        "clicks": "bigint",
        "cost": "numeric(12, 2)",
        "attributed_orders": "bigint",
        "attributed_revenue": "numeric(12, 2)",
        "campaign_date": "timestamp",
    }),
} %}

with

invalid_values as (

    {%- for table, (keys, columns) in tables.items() %}
    {%- set last_table = loop.last %}
    {%- for column, type in columns.items() %}

    select
        '{{ table }}' as table_name,
        {{ row_key(keys) }} as row_key,
        '{{ column }}' as column_name,
        {{ column }} as invalid_value,
        '{{ type }}' as expected_type,
        _batch_id,
        _source_file as source_file
    from {{ source('operations', table) }}
    where
        {{ is_pinned() }}
        and {{ is_invalid(column, type) }}
    {%- if not (last_table and loop.last) %}

    union all
    {%- endif %}
    {%- endfor %}
    {%- endfor %}

),

final as (

    select
        {{ dbt_utils.generate_surrogate_key(['table_name', 'row_key', 'column_name']) }}
            as invalid_value_key,
        table_name,
        row_key,
        column_name,
        invalid_value,
        expected_type,
        _batch_id,
        source_file
    from invalid_values

)

select * from final
