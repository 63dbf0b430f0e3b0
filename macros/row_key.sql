{#- The natural key of a row as one text, for people to read: `order_id=…, order_item_id=1`.

    columns: names of text columns -#}
{% macro row_key(columns) -%}
    {%- set parts = [] -%}
    {%- for column in columns -%}
        {%- do parts.append("'" ~ (", " if not loop.first else "") ~ column ~ "='") -%}
        {%- do parts.append("coalesce(" ~ column ~ ", '')") -%}
    {%- endfor -%}
    {{ dbt.concat(parts) }}
{%- endmacro %}
