{#- on-run-end: descriptions of models and columns as comments of the database, so that `\d+` in psql
    explains the star too. One statement for all of them, which writes those that have changed: dbt's own
    persist_docs sends four a model, in every run. -#}
{% macro describe_tables() -%}
    {%- if execute and target.type == "postgres" and flags.WHICH in ("build", "run", "seed") %}
    do $do$
    declare
        described record;
    begin
        {{ wait_for_other_hooks() }}
        for described in
            select to_regclass(relation) as relation, column_name, description
            from json_to_recordset({{ descriptions() }}) as wanted (relation text, column_name text, description text)
            left join pg_attribute
                on
                    pg_attribute.attrelid = to_regclass(relation)
                    and pg_attribute.attname = column_name
            where
                to_regclass(relation) is not null
                and (column_name is null or attnum is not null)
                and description is distinct from case
                    when column_name is null then obj_description(to_regclass(relation), 'pg_class')
                    else col_description(attrelid, attnum)
                end
        loop
            if described.column_name is null then
                execute format(
                    'comment on %s %s is %L',
                    (select case relkind when 'v' then 'view' else 'table' end from pg_class where oid = described.relation),
                    described.relation, described.description
                );
            else
                execute format(
                    'comment on column %s.%I is %L', described.relation, described.column_name, described.description
                );
            end if;
        end loop;
    end
    $do$
    {%- endif -%}
{%- endmacro %}


{#- The descriptions of models and seeds and their columns, as a literal of JSON. -#}
{% macro descriptions() -%}
    {%- set rows = [] -%}
    {%- for node in graph.nodes.values() if node.resource_type in ("model", "seed") -%}
        {%- do rows.append({"relation": node.relation_name, "description": node.description}) -%}
        {%- for column in node.columns.values() if column.description -%}
            {%- do rows.append({
                "relation": node.relation_name, "column_name": column.name, "description": column.description
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ json_literal(rows) }}
{%- endmacro %}
