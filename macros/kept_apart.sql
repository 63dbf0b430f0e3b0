{#- At the end of a subquery: PostgreSQL does not merge it with the query around it, but computes its
    columns once (each is a cast of text) and, in a lateral join, looks its rows up row by row. -#}
{% macro kept_apart() -%}
    {{ return(adapter.dispatch("kept_apart", "olist_warehouse")()) }}
{%- endmacro %}

{% macro default__kept_apart() -%}
{%- endmacro %}

{% macro postgres__kept_apart() -%}
    offset 0
{%- endmacro %}
