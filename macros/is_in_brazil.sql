{#- Whether a point lies in the box around Brazil, islands included. A few dozen points of the source
    do not: they are in other countries, and one average with them would be in the sea. -#}
{% macro is_in_brazil(latitude, longitude) -%}
    {{ latitude }} between -33.76 and 5.28 and {{ longitude }} between -74.00 and -28.83
{%- endmacro %}
