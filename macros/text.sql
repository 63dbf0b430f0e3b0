{#- Lower-case text without the accents of Portuguese: `São Paulo` and `sao paulo` are one city. -#}
{% macro without_accents(text) -%}
    translate(lower({{ text }}), 'áàâãäéèêëíìîïóòôõöúùûüçñ', 'aaaaaeeeeiiiiooooouuuucn')
{%- endmacro %}
