{#- At the end of a subquery: PostgreSQL does not merge it with the query around it, but computes its
    columns once (each is a cast of text) and, in a lateral join, looks its rows up row by row. -#}
{% macro optimization_fence() -%}
    {{ return(adapter.dispatch("optimization_fence", "olist_warehouse")()) }}
{%- endmacro %}

{% macro default__optimization_fence() -%}
{%- endmacro %}

{% macro postgres__optimization_fence() -%}
    offset 0
{%- endmacro %}
