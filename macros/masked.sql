{#- A keyed hash of a sensitive column: equal texts have equal hashes, in every table, and who has not the key
    can neither read nor guess them. The key is a setting of the session (`olist.pii_key`, which `dbt` takes
    from OLIST_PII_KEY), so that no SQL, log or file has it; without one the model fails. PostgreSQL only. -#}
{% macro masked(expression) -%}
    {%- set key = "sha256(convert_to(current_setting('olist.pii_key'), 'UTF8'))" -%}
    encode(sha256({{ key }} || sha256({{ key }} || convert_to({{ expression }}, 'UTF8'))), 'hex')
{%- endmacro %}


{#- The beginning of a sensitive column, which many people share: three digits of a zip code, the year of a
    date of birth. -#}
{% macro coarse(expression, letters) -%}
    left({{ expression }}, {{ letters }})
{%- endmacro %}
