{#- Growth from one value to the next in percent, as numeric(18, 2); null where the previous one is
    missing or zero.

    value, previous: whole numbers, or numerics with two digits after the point -#}
{% macro growth_percent(value, previous) -%}
    {{ percent(value ~ " - " ~ previous, previous, "numeric(18, 2)", 2) }}
{%- endmacro %}
