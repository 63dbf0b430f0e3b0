{#- Lower-case text without the accents of Portuguese: `São Paulo` and `sao paulo` are one city. -#}
{% macro without_accents(text) -%}
    translate(lower({{ text }}), 'áàâãäéèêëíìîïóòôõöúùûüçñ', 'aaaaaeeeeiiiiooooouuuucn')
{%- endmacro %}


{#- Rows as JSON in a literal, for use inside a `do` block.

    rows: dictionaries -#}
{% macro json_literal(rows) -%}
    {{ dbt.string_literal(dbt.escape_single_quotes(tojson(rows) | replace("$do$", "\\u0024do$"))) }}
{%- endmacro %}
