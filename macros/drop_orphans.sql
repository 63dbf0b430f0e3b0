{#- dbt run-operation: lists the tables and views in the schemas of this target that no model, seed or test of
    the project makes, as those of one that was deleted or renamed. With `--args '{drop: true}'` it drops
    those that belong to the role that runs it, but for what is read by something that stays.

    drop: whether to -#}
{% macro drop_orphans(drop=false) -%}
    {%- if target.type != "postgres" -%}
        {%- do exceptions.raise_compiler_error("drop_orphans is for targets on PostgreSQL.") -%}
    {%- endif -%}
    {%- set found, kept = run_query(orphans()), [] -%}
    {%- if drop -%}
        {%- do run_query(drop_those_of_role(found)) -%}
        {%- set kept = run_query(orphans()).columns["name"].values() -%}
    {%- endif -%}
    {%- for orphan in found -%}
        {%- set state = "is read by something else: kept" if orphan["is_own"] else "is not of this role: kept" -%}
        {%- set state = state if orphan["name"] in kept else "dropped" -%}
        {{ log(orphan["kind"] ~ " " ~ orphan["name"] ~ " of " ~ orphan["owner"] ~ (": " ~ state if drop), info=true) }}
    {%- endfor -%}
    {%- set remedy = "" if drop or not found.rows else "; to drop them: --args '{drop: true}' (and the --vars of your builds: they make optional models)" -%}
    {{ log(found.rows | length ~ " tables and views that nothing of the project makes" ~ remedy, info=true) }}
{%- endmacro %}


{#- Query for them. -#}
{% macro orphans() -%}
    {%- set made = [target_table("_pin") | string, target_table("_watermarks") | string, results_table() | string] -%}
    {%- for node in graph.nodes.values() if node.resource_type in ("model", "seed", "test") and node.config.enabled -%}
        {%- do made.append(api.Relation.create(node.database, node.schema, node.alias) | string) -%}
    {%- endfor -%}
    select
        case relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end as kind,
        format('%I.%I', nspname, relname) as name,
        pg_get_userbyid(relowner) as owner,
        pg_get_userbyid(relowner) = current_user as is_own
    from pg_class
    inner join pg_namespace
        on relnamespace = pg_namespace.oid
    where
        relkind in ('r', 'p', 'v', 'm')
        and nspname in ({{ literals(schemas_of_target()) }})
        and format('"%s"."%s"."%s"', current_database(), nspname, relname) not in ({{ literals(made) }})
    order by name
{%- endmacro %}


{#- The schemas that this target builds. -#}
{% macro schemas_of_target() -%}
    {%- set schemas = [] -%}
    {%- for node in (graph.nodes.values() if execute else []) if node.resource_type in ("model", "seed", "test") -%}
        {%- do schemas.append(node.schema) -%}
    {%- endfor -%}
    {{ return(schemas | reject("equalto", ledger("_batches").schema if execute) | list) }}
{%- endmacro %}


{#- Statement that drops them, again and again while there is one that nothing reads (any more).

    found: rows of that query -#}
{% macro drop_those_of_role(found) -%}
    do $do$
    declare
        orphan record;
        has_dropped boolean := true;
    begin
        while has_dropped loop
            has_dropped := false;
            for orphan in
                select kind, name
                from (values
                    ('', '')
                    {%- for row in found if row["is_own"] %},
                    ('{{ row["kind"] }}', {{ dbt.string_literal(dbt.escape_single_quotes(row["name"])) }})
                    {%- endfor %}
                ) as own (kind, name)
                where to_regclass(nullif(name, '')) is not null
            loop
                begin
                    execute format('drop %s %s', orphan.kind, orphan.name);
                    has_dropped := true;
                exception when dependent_objects_still_exist then
                    null;
                end;
            end loop;
        end loop;
    end
    $do$;
    commit
{%- endmacro %}
