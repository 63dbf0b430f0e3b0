{#- The raw tables, and the column by which a fact rebuilds its rows. -#}
{% set id_columns = {
    "inventory_transactions": "transaction_id",
    "marketing_campaigns": "campaign_id",
} %}

with

changes as (

    -- Removed rows are here too: their removal is a change.
    {%- for table, id_column in id_columns.items() %}

    select
        '{{ table }}' as changed_table,
        {{ id_column }} as changed_id,
        _batch_id
    from {{ source('operations', table) }}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

)

select * from changes
