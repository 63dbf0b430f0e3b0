{#- Growth from one figure to the next in per cent, as numeric(18, 2); null where the former one is
    missing or zero.

    figure, former: whole numbers, or numerics with two digits after the point -#}
{% macro growth_percent(figure, former) -%}
    {{ percent(figure ~ " - " ~ former, former, "numeric(18, 2)", 2) }}
{%- endmacro %}
