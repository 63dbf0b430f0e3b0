{#- Overrides dbt's macro: of the grantees that a config names, only those get a right that may
    enter the schema. A database where `olist roles` was not run has none, and is built all the same.

    relation: a table just built; grant_config: grantees by privilege; should_revoke: whether others
    may have a right on it from before -#}
{% macro postgres__apply_grants(relation, grant_config, should_revoke=True) -%}
    {%- set allowed = {} -%}
    {%- for privilege, grantees in (grant_config or {}).items() -%}
        {%- set present = roles_that_may_enter(relation.schema, grantees) -%}
        {%- do allowed.update({privilege: present}) if present -%}
    {%- endfor -%}
    {%- do default__apply_grants(relation, allowed, should_revoke) -%}
{%- endmacro %}


{#- Those of some roles that exist and have usage of a schema.

    schema: its name; roles: names -#}
{% macro roles_that_may_enter(schema, roles) -%}
    {%- set literals = [] -%}
    {%- for role in roles -%}
        {%- do literals.append(dbt.string_literal(role)) -%}
    {%- endfor -%}
    {%- set found = run_query(
        "select rolname::text from pg_roles where rolname in (" ~ literals | join(", ")
        ~ ") and has_schema_privilege(rolname, " ~ dbt.string_literal(schema) ~ ", 'usage')"
        ~ " order by rolname"
    ) -%}
    {{ return(found.columns[0].values() | list) }}
{%- endmacro %}
