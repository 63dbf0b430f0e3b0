{#- Statements first and last in the transaction of --full-refresh, which makes a table anew and drops the old
    one with all views on it. Those that this run does not make itself, a colleague's or the project's, are
    put on the new table, with their grants and comments. Where one cannot be, because a column that it
    reads is gone or it is another role's, the table stays as it was, unless the variable drop_views says
    otherwise. -#}
{% macro keep_views() -%}
    {%- set old = this.identifier ~ "__dbt_backup" %}
    do $do$
    declare
        kept regclass;
    begin
        for kept in {{ views_on(old) }} loop
            begin
                execute format(
                    'create or replace view %s as %s',
                    kept, replace(pg_get_viewdef(kept), '{{ old }}', '{{ this.identifier }}')
                );
            exception when others then
                {%- if var("drop_views", false) %}
                raise warning 'view % is dropped: %', kept, sqlerrm;
                {%- else %}
                raise exception 'view % would be dropped (%): drop it, or give --vars ''drop_views: true''', kept, sqlerrm;
                {%- endif %}
            end;
        end loop;
    end
    $do$;
{%- endmacro %}


{#- Such tables wait for each other: a view may read two of them. -#}
{% macro lock_views() -%}
    select pg_advisory_xact_lock({{ views_lock() }}) from ({{ views_on(this.identifier) }}) as views limit 1;
{%- endmacro %}


{#- Number of that advisory lock (loaders/connection.py has others). -#}
{% macro views_lock() -%}
    {{ return(0x01157005) }}
{%- endmacro %}


{#- Query for the views on a table of this schema that are no models of this run.

    name: of the table -#}
{% macro views_on(name) -%}
    {%- set selected = [] -%}
    {%- for node in graph.nodes.values() if node.unique_id in selected_resources -%}
        {%- do selected.append(node.relation_name) if node.relation_name -%}
    {%- endfor -%}
    select distinct ev_class::regclass as view
    from pg_depend
    inner join pg_rewrite
        on
            pg_depend.classid = 'pg_rewrite'::regclass
            and pg_depend.objid = pg_rewrite.oid
    where
        refclassid = 'pg_class'::regclass
        and refobjid = to_regclass('{{ adapter.quote(this.schema) }}.{{ adapter.quote(name) }}')
        and ev_class <> all(
            select to_regclass(nullif(name, ''))
            from unnest(array[{{ literals(selected) }}]) as name
            where to_regclass(nullif(name, '')) is not null
        )
{%- endmacro %}
