{#- Overrides dbt's macro: `dbt seed --full-refresh` drops a seed with the views on it only where its columns
    are others; else its rows are replaced. -#}
{% macro postgres__reset_csv_table(model, full_refresh, old_relation, agate_table) -%}
    {%- set before, now = [], [] -%}
    {%- for column in adapter.get_columns_in_relation(old_relation) -%}
        {%- do before.append(column.name ~ " " ~ column.data_type) -%}
    {%- endfor -%}
    {%- for name in agate_table.column_names -%}
        {%- set type = adapter.convert_type(agate_table, loop.index0) -%}
        {%- do now.append(name ~ " " ~ model.config.column_types.get(name, type)) -%}
    {%- endfor -%}
    {{ return(dbt.default__reset_csv_table(model, full_refresh and before != now, old_relation, agate_table)) }}
{%- endmacro %}
