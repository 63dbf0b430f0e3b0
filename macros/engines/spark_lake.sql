{#- Schema raw on Spark: what a lake (docs/lake.md) holds, brought to the rows that a landing of its
    batches leaves in PostgreSQL. The lake is read where it lies, by the cluster. -#}


{#- on-run-start: makes the tables that staging reads anew where the lake has a batch that they lack.
    The table of batches is made last: where it has the newest batch, all the others are whole. -#}
{% macro spark__see_what_has_landed() -%}
    {%- if not execute or flags.WHICH not in ("build", "run", "seed", "snapshot", "test") -%}
        {{ return("") }}
    {%- endif -%}
    {%- set sources = graph.sources.values() | selectattr("source_name", "equalto", "olist") | list -%}
    {%- do run_query("create schema if not exists raw") -%}
    {%- do read_manifests() -%}
    {%- set newest = run_query(newest_landed("lake_batches")).rows[0] -%}
    {%- if newest[0] is none -%}
        {%- do exceptions.raise_compiler_error(
            lake_location() ~ " holds no landed batch: name files or a lake in OLIST_DATA."
        ) -%}
    {%- endif -%}
    {%- do read_manifests(newest[0]) -%}
    {%- set made = load_relation(api.Relation.create(schema="raw", identifier="_batches_seen")) -%}
    {%- if made is none or run_query(newest_landed(made)).rows[0] | list != newest | list -%}
        {%- for table in sources if table.name != "_batches" -%}
            {%- do make_raw_table(table.identifier, state_of_table(table)) -%}
        {%- endfor -%}
        {%- do make_raw_table("_batches_seen", "select * from lake_batches") -%}
    {%- endif -%}
{%- endmacro %}


{#- The newest landed batch of a table of batches: its number, when it began. -#}
{% macro newest_landed(batches) -%}
    select max(batch_id), cast(max_by(started_at, batch_id) as string)
    from {{ batches }}
    where status = 'landed'
{%- endmacro %}


{#- Replaces a table of raw. -#}
{% macro make_raw_table(name, query) -%}
    {%- do run_query("drop table if exists raw." ~ name) -%}
    {%- do run_query("create table raw." ~ name ~ " using parquet as " ~ query) -%}
{%- endmacro %}


{#- Where the lake lies, as Spark names it. The dbt of this project sets the variable. -#}
{% macro lake_location() -%}
    {%- set named = env_var("OLIST_SPARK_LAKE", ".spark/lake") -%}
    {{ return(named.replace("s3://", "s3a://").rstrip("/")) }}
{%- endmacro %}


{#- Two temporary views of the lake's manifests: lake_batches and lake_files, its landed files; up to a
    batch, so that one that comes while the tables are made is in none of them. -#}
{% macro read_manifests(up_to=9223372036854775807) -%}
    {%- set batch = "batch_id bigint, source string, mode string, status string, started_at string,"
        ~ " finished_at string, seconds decimal(12, 3), rows_read bigint, rows_new bigint,"
        ~ " rows_changed bigint, rows_removed bigint, rows_rejected bigint, error string, rules string" -%}
    {%- set file = "batch_id bigint, table_name string, mode string, status string" -%}
    {%- do run_query(
        "create or replace temporary view lake_manifests (tables struct<_batches: array<struct<" ~ batch
        ~ ">>, _files: array<struct<" ~ file ~ ">>>) using json options"
        ~ " (path '" ~ lake_location() ~ "/_batches/*.json', multiLine 'true')"
    ) -%}
    {%- do run_query(
        "create or replace temporary view lake_batches as select batch.* except (started_at, finished_at),"
        ~ " cast(batch.started_at as timestamp_ltz) as started_at,"
        ~ " cast(batch.finished_at as timestamp_ltz) as finished_at"
        ~ " from (select explode(tables._batches) as batch from lake_manifests)"
        ~ " where batch.batch_id <= " ~ up_to
    ) -%}
    {%- do run_query(
        "create or replace temporary view lake_files as select file.batch_id, file.table_name, file.mode"
        ~ " from (select explode(tables._files) as file from lake_manifests)"
        ~ " where file.status = 'landed' and file.batch_id <= " ~ up_to
    ) -%}
{%- endmacro %}


{#- The rows of a table after all batches. A temporary view has those of all its files, each with the
    first later batch that was a whole export, and so removed what it lacks. -#}
{% macro state_of_table(table) -%}
    {%- set stamps = ["_batch_id", "_loaded_at", "_source_file", "_deleted_at"] -%}
    {%- set columns = table.columns.keys() | reject("in", stamps) | list -%}
    {%- set path = lake_location() ~ "/table=" ~ table.name -%}
    {%- do run_query(
        "create or replace temporary view lake_parquet (" ~ columns | join(" string, ") ~ " string,"
        ~ " _batch_id bigint, _loaded_at timestamp_ltz, _source_file string) using parquet options"
        ~ " (path '" ~ path ~ "', recursiveFileLookup 'true', pathGlobFilter '*.parquet')"
    ) -%}
    {%- set key = table.config.meta.get("key") -%}
    {{ return(state_by_key(table.name, columns, key) if key else state_whole(table.name, columns)) }}
{%- endmacro %}


{#- A table without a key is replaced by each of its files, but those that only add to it. -#}
{% macro state_whole(name, columns) -%}
    select {{ columns | join(", ") }}, _batch_id, _loaded_at, _source_file,
        cast(null as timestamp_ltz) as _deleted_at
    from lake_parquet
    where
        _batch_id in (select batch_id from lake_files where table_name = '{{ name }}')
        and _batch_id >= (
            select coalesce(max(batch_id), 0) from lake_files
            where table_name = '{{ name }}' and mode <> 'append'
        )
{%- endmacro %}


{#- A row is as its newest file has it, and of the batch that last changed it: that brought other
    values, or brought it back, or removed it. -#}
{% macro state_by_key(name, columns, key) -%}
    with files as (
        select files.batch_id, min(later.batch_id) as removing_batch_id
        from lake_files as files
        left join lake_files as later
            on files.table_name = later.table_name and later.mode = 'snapshot'
            and files.batch_id < later.batch_id
        where files.table_name = '{{ name }}'
        group by files.batch_id
    ),
    landed as (
        select distinct lake_parquet.*, files.removing_batch_id
        from lake_parquet inner join files on lake_parquet._batch_id = files.batch_id
    ),
    compared as (
        select
            *,
            not (struct({{ columns | join(", ") }}) <=> lag(struct({{ columns | join(", ") }})) over history)
            or coalesce(lag(removing_batch_id) over history < _batch_id, false) as is_change,
            lead(_batch_id) over history is null as is_last
        from landed
        window history as (partition by {{ key | join(", ") }} order by _batch_id)
    ),
    stamped as (
        select
            *,
            max(case when is_change then struct(_batch_id, _loaded_at, _source_file) end)
                over (partition by {{ key | join(", ") }}) as stamp
        from compared
    )
    select
        {{ columns | join(", ") }},
        coalesce(removal.batch_id, stamp._batch_id) as _batch_id,
        coalesce(removal.started_at, stamp._loaded_at) as _loaded_at,
        stamp._source_file,
        removal.started_at as _deleted_at
    from stamped
    left join lake_batches as removal on stamped.removing_batch_id = removal.batch_id
    where is_last
{%- endmacro %}
