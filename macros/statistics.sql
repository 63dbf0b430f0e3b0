{#- Post-hook of a table that the models join before the server would look at it by itself: autovacuum
    leaves tables of less than fifty rows alone, and the planner then takes one of seven for a thousand. -#}
{% macro gather_statistics() -%}
    {{ return(adapter.dispatch("gather_statistics", "olist_warehouse")()) }}
{%- endmacro %}

{% macro default__gather_statistics() -%}
{%- endmacro %}

{% macro postgres__gather_statistics() -%}
    analyze {{ this }}
{%- endmacro %}
