{#- A model's schema is the one that dbt_project.yml names, without the target's in front of it:
    readers find `marts`, not `public_marts`. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ target.schema if custom_schema_name is none else custom_schema_name | trim }}
{%- endmacro %}
