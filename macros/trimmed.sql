{#- A source column without white space at its ends (line ends and tabs too); null where nothing is
    left, so that a comment of ten line ends is no comment. -#}
{% macro trimmed(column) -%}
    {{ return(adapter.dispatch("trimmed", "olist_warehouse")(column)) }}
{%- endmacro %}

{% macro default__trimmed(column) -%}
    nullif(trim({{ column }}), '')
{%- endmacro %}

{% macro postgres__trimmed(column) -%}
    nullif(btrim({{ column }}, E' \t\r\n'), '')
{%- endmacro %}
