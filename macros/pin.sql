{#- What a run reads: the batches that had landed when it began (docs/decisions/0008). The number of the
    newest of them stands in a table of the target's own, which only a new build or run writes. -#}


{#- on-run-start of a build or run: pins the newest landed batch. A retry goes on with the pin of the
    run that failed, and --empty reads no rows. Any command stops here where nothing has landed. -#}
{% macro pin_newest_batch() -%}
    {{ return(adapter.dispatch("pin_newest_batch", "olist_warehouse")()) }}
{%- endmacro %}

{% macro default__pin_newest_batch() -%}
{%- endmacro %}

{% macro postgres__pin_newest_batch() -%}
    {%- set batches = source("olist", "_batches") -%}
    {%- set pin = target_table("_pin") -%}
    {%- if execute and flags.WHICH in ("build", "run", "test", "freshness") -%}
        {%- do stop_if_nothing_has_landed() -%}
        {%- do stop_if_seeds_are_missing() if flags.WHICH == "run" and not invocation_args_dict.get("defer") -%}
    {%- endif -%}
    {%- if execute and flags.WHICH in ("build", "run") %}
    {%- do graph.pop("watermarks", none) -%}  {#- of the last run, in a process that stays #}
    {{ create_missing_schema(staging_schema()) }}
    create table if not exists {{ pin }} (
        only_one boolean primary key default true check (only_one),
        batch_id bigint,
        built_batch_id bigint,  -- the newest one that all facts have
        built_at timestamptz,  -- when the last build or run ended
        newest_order_at timestamp  -- that it knew
    );
    create table if not exists {{ target_table("_watermarks") }} (  -- macros/watermark.sql
        model text primary key,
        batch_id bigint,
        loaded_at timestamptz,
        code text,
        inputs text,
        version bigint not null default 0
    );
    {{ create_test_results() }}
    {%- if not flags.EMPTY and not is_retry() %}
    insert into {{ pin }} as old (batch_id)
    select max(batch_id) from {{ batches }} where status = 'landed'
    on conflict (only_one) do update set batch_id = excluded.batch_id
    where old.batch_id is distinct from excluded.batch_id
    {%- endif %}
    {%- endif -%}
{%- endmacro %}


{#- Whether this is `dbt retry`, which every other variable reports as the command that it repeats. -#}
{% macro is_retry() -%}
    {{ return("retry" in invocation_args_dict.get("invocation_command", "").split()) }}
{%- endmacro %}


{#- One clear error in place of one per source table that is not there. -#}
{% macro stop_if_nothing_has_landed() -%}
    {%- set names = [] -%}
    {%- for table in graph.sources.values() -%}
        {%- do names.append(table.schema ~ "." ~ table.identifier) -%}
    {%- endfor -%}
    {%- set missing = missing_relations(names) -%}
    {%- if missing -%}
        {%- do exceptions.raise_compiler_error(
            "Nothing has landed in database " ~ target.database ~ " yet (it has no " ~ missing[0]
            ~ "): run 'olist land LOCATION' first."
        ) -%}
    {%- endif -%}
{%- endmacro %}


{#- One clear error in place of one per model that reads a seed: `dbt run` makes none. -#}
{% macro stop_if_seeds_are_missing() -%}
    {%- set names = [] -%}
    {%- for node in graph.nodes.values() if node.unique_id in selected_resources -%}
        {%- for seed in node.depends_on.nodes if seed in graph.nodes and graph.nodes[seed].resource_type == "seed" -%}
            {%- do names.append(graph.nodes[seed].relation_name) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set missing = missing_relations(names) -%}
    {%- if missing -%}
        {%- do exceptions.raise_compiler_error(
            missing | join(", ") ~ " is missing: run 'dbt seed' first, or 'dbt build', which loads seeds too."
        ) -%}
    {%- endif -%}
{%- endmacro %}


{#- Those of these relations that the database does not have.

    names: of relations -#}
{% macro missing_relations(names) -%}
    {{ return(run_query(
        "select name from unnest(array[" ~ literals(names) ~ "]) as name"
        ~ " where name <> '' and to_regclass(nullif(name, '')) is null order by name"
    ).columns[0].values()) }}
{%- endmacro %}


{#- Schema of this target's staging, where it also keeps the state of its runs. -#}
{% macro staging_schema() -%}
    {{ return(generate_schema_name("staging", none) | trim) }}
{%- endmacro %}


{#- Statement that makes a schema where it is missing: `if not exists` would take the right to make one.

    name: of the schema -#}
{% macro create_missing_schema(name) -%}
    do $do$
    begin
        {{ wait_for_other_hooks() }}
        if to_regnamespace('{{ name }}') is null then
            create schema {{ name }};
        end if;
    end
    $do$;
{%- endmacro %}


{#- Statement of a hook's block: hooks of two builds of one target come one after the other. -#}
{% macro wait_for_other_hooks() -%}
    perform pg_advisory_xact_lock(hashtext('{{ staging_schema() }}'));
{%- endmacro %}


{#- A table in which this target keeps the state of its runs.

    name: of the table -#}
{% macro target_table(name) -%}
    {{ return(api.Relation.create(
        database=target.database or none, schema=staging_schema(), identifier=name, type="table"
    )) }}
{%- endmacro %}


{#- The batch that a run of this target has pinned; null where none has. -#}
{% macro batch_of_last_run() -%}
    {{ return(adapter.dispatch("batch_of_last_run", "olist_warehouse")()) }}
{%- endmacro %}

{% macro default__batch_of_last_run() -%}
    cast(null as bigint)
{%- endmacro %}

{% macro postgres__batch_of_last_run() -%}
    (select _pin.batch_id from {{ target_table("_pin") }} as _pin)
{%- endmacro %}


{#- The newest batch that all facts had at the end of the last build: one whose data failed a test is not built
    into them. -#}
{% macro batch_of_facts() -%}
    (select _pin.built_batch_id from {{ target_table("_pin") }} as _pin)
{%- endmacro %}


{#- The pinned batch, as a subquery that is computed once per statement. Under --empty the ref is a
    subquery with an alias, so it has none here. -#}
{% macro pinned_batch() -%}
    (select batch_id from {{ ref("stg_olist__pin") }})
{%- endmacro %}


{#- Whether a version of a raw row is the one that the pinned batch has. -#}
{% macro is_pinned() -%}
    _batch_id <= {{ pinned_batch() }}
        and (_until_batch_id is null or _until_batch_id > {{ pinned_batch() }})
{%- endmacro %}


{#- Whether a version of a raw row had landed when the run began. The second condition holds for every row:
    by it PostgreSQL puts together the indexes of raw, that of current keys and that of closed ones. -#}
{% macro is_landed() -%}
    _batch_id <= {{ pinned_batch() }}
        and (_until_batch_id is null or _until_batch_id > 0)
{%- endmacro %}
