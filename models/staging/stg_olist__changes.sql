{#- The raw tables that facts are made from, and the column by which a row finds its orders. -#}
{% set id_columns = {
    "orders": "order_id",
    "order_items": "order_id",
    "order_payments": "order_id",
    "order_reviews": "order_id",
    "customers": "customer_id",
    "sellers": "seller_id",
} %}

with

changes as (

    -- Removed rows are here too: their removal is a change.
    {%- for table, id_column in id_columns.items() %}

    select
        '{{ table }}' as changed_table,
        {{ id_column }} as changed_id,
        _batch_id
    from {{ source('olist', table) }}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

)

select * from changes
