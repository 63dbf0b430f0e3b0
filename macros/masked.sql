{#- A keyed hash of a sensitive column: equal texts have equal hashes, in every table, and who has not the key
    can neither read nor guess them. The key is a setting of the session (`olist.pii_key`, which `dbt` takes
    from OLIST_PII_KEY), so that no SQL, log or file has it. Without one PostgreSQL does not find the setting
    that `missing` names, and quotes it: an error of SQL's own that says what to do. PostgreSQL only. -#}
{% macro masked(expression) -%}
    {%- set missing = "olist.pii_key: set the variable OLIST_PII_KEY for .venv/bin/dbt (docs/sensitive.md)" -%}
    {%- set setting = "coalesce(nullif(current_setting('olist.pii_key', true), ''), current_setting('" ~ missing ~ "'))" -%}
    {%- set key = "sha256(convert_to(" ~ setting ~ ", 'UTF8'))" -%}
    encode(sha256({{ key }} || sha256({{ key }} || convert_to({{ expression }}, 'UTF8'))), 'hex')
{%- endmacro %}


{#- The beginning of a sensitive column, which many people share: three digits of a zip code, the year of a
    date of birth. -#}
{% macro coarse(expression, letters) -%}
    left({{ expression }}, {{ letters }})
{%- endmacro %}
