{#- on-run-end: foreign keys of the marts in the catalog of PostgreSQL 18, where tools that draw the star
    find them. They are `not enforced`, so they cost neither a load nor a reader anything, and no order of
    builds is wrong; the foreign_keys tests hold them. A table that was made anew (--full-refresh) has lost
    those that point at it: what is missing is added. -#}
{% macro create_foreign_keys() -%}
    {%- if execute and target.type == "postgres" and flags.WHICH in ("build", "run") %}
    do $do$
    declare
        wanted record;
    begin
        if current_setting('server_version_num')::integer < 180000 then
            return;
        end if;
        {{ wait_for_other_hooks() }}
        for wanted in
            select mart, name, column_name, parent, field
            from (values
                ('', '', '', '', '')
                {%- for key in foreign_keys() %},
                ('{{ key.mart }}', '{{ key.name }}', '{{ key.column }}', '{{ key.parent }}', '{{ key.field }}')
                {%- endfor %}
            ) as keys (mart, name, column_name, parent, field)
            where
                2 = (  -- of `dbt clone` they are views
                    select count(*) from pg_class
                    where relkind = 'r' and oid in (to_regclass(nullif(mart, '')), to_regclass(nullif(parent, '')))
                )
                and not exists (
                    select from pg_constraint
                    where conrelid = to_regclass(mart) and conname = name
                )
        loop
            execute format(
                'alter table %s add constraint %I foreign key (%I) references %s (%I) not enforced',
                wanted.mart, wanted.name, wanted.column_name, wanted.parent, wanted.field
            );
        end loop;
    end
    $do$
    {%- endif -%}
{%- endmacro %}


{#- on-run-start of --full-refresh: drops those keys. A table that is dropped takes the keys that point at it
    along, for which it needs the tables that have them: two dimensions at once would wait for each other.
    All tables are locked first, or, while a reader is at one of them, none: it gives up long before
    PostgreSQL looks for deadlocks (250 ms on the embedded server, 1 s by default), so a reader is never
    the one that is ended. -#}
{% macro drop_foreign_keys() -%}
    {%- if execute and target.type == "postgres" and flags.FULL_REFRESH and flags.WHICH in ("build", "run") %}
    do $do$
    declare
        dropped record;
        tables text;
    begin
        {{ wait_for_other_hooks() }}
        select string_agg(distinct relation::text, ', ') into tables
        from pg_constraint
        cross join unnest(array[conrelid::regclass, confrelid::regclass]) as relation
        where contype = 'f' and conrelid in ({{ relations_with_foreign_keys() }});
        perform set_config('lock_timeout', '40ms', true);
        while tables is not null loop
            begin
                execute format('lock table %s in access exclusive mode', tables);
                exit;
            exception when lock_not_available then
                perform pg_sleep(0.1);
            end;
        end loop;
        for dropped in
            select
                conrelid::regclass as mart,
                string_agg(format('drop constraint %I', conname), ', ') as constraints
            from pg_constraint
            where
                contype = 'f'
                and conrelid in ({{ relations_with_foreign_keys() }})
            group by conrelid
        loop
            execute format('alter table %s %s', dropped.mart, dropped.constraints);
        end loop;
    end
    $do$
    {%- endif -%}
{%- endmacro %}


{#- Query for the relations that have such keys. -#}
{% macro relations_with_foreign_keys() -%}
    select to_regclass(mart) from unnest(array[{{ literals(foreign_keys() | map(attribute="mart")) }}]) as mart where mart <> ''
{%- endmacro %}


{#- The keys that the foreign_keys tests check as errors: relation and name, column, relation that it points at, its key. -#}
{% macro foreign_keys() -%}
    {%- set keys = [] -%}
    {%- for test in graph.nodes.values()
        if test.get("test_metadata", {}).get("name") == "foreign_keys"
        and test.config.severity | lower == "error"
        and test.attached_node in graph.nodes -%}
        {%- set mart = graph.nodes[test.attached_node] -%}
        {%- for column, points_at in test.test_metadata.kwargs.columns.items() -%}
            {%- set parent = graph.nodes["model." ~ test.package_name ~ "." ~ points_at.to.split("'")[1]] -%}
            {%- do keys.append({
                "mart": mart.relation_name,
                "name": mart.alias ~ "_" ~ column ~ "_fkey",
                "column": column,
                "parent": parent.relation_name,
                "field": points_at.field,
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(keys) }}
{%- endmacro %}
