{#- Overrides dbt's macro: the targets of production build `marts` and the other schemas under their own
    names, any other target puts its schema in front (`dev_ana_marts`), so that developers, pull requests
    and production share a server and never each other's tables.

    custom_schema_name: that of dbt_project.yml; node: what it is for -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if custom_schema_name is none -%}
        {{ target.schema }}
    {%- elif target.name in var("production_targets") -%}
        {{ custom_schema_name | trim }}
    {%- else -%}
        {{ target.schema }}_{{ custom_schema_name | trim }}
    {%- endif -%}
{%- endmacro %}
