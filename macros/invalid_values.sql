{#- One row per value of these tables that could not be cast: null in staging, and kept in schema audit.

    source_name: dbt source of the tables; tables: by raw table its key and, by column, the type of the cast -#}
{% macro invalid_values_of(source_name, tables) -%}
    {%- for table, (keys, columns) in tables.items() %}
    {%- set last_table = loop.last %}
    {%- for column, type in columns.items() %}
    select
        {{ dbt_utils.generate_surrogate_key(["'" ~ table ~ "'", row_key(keys), "'" ~ column ~ "'"]) }}
            as invalid_value_key,
        '{{ table }}' as table_name,
        {{ row_key(keys) }} as row_key,
        '{{ column }}' as column_name,
        {{ column }} as invalid_value,
        '{{ type }}' as expected_type,
        _batch_id,
        _source_file as source_file
    from {{ source(source_name, table) }}
    where
        {{ is_pinned() }}
        and {{ is_invalid(column, type) }}
    {%- if not (last_table and loop.last) %}

    union all
    {% endif %}
    {%- endfor %}
    {%- endfor %}
{%- endmacro %}
