{#- A source column without blanks at its ends; null where nothing is left. -#}
{% macro trimmed(column) -%}
    nullif(trim({{ column }}), '')
{%- endmacro %}
