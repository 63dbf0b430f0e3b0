{#- Schema raw on engines that land nothing: views on files or on a lake (docs/engines.md); on Snowflake, on
    what was copied from the lake. -#}


{#- on-run-start, where OLIST_DATA has named data: `lake:PATH` or `files:FOLDER` in OLIST_RAW. -#}
{% macro create_raw_views() -%}
    {%- set kind, place = (env_var("OLIST_RAW", "") ~ ":").split(":", 1) -%}
    {%- if execute and kind -%}
        {%- if not adapter.check_schema_exists(target.database, "raw") -%}
            {%- do run_query("create schema raw") -%}  {#- `if not exists` would take the right to make one -#}
        {%- endif -%}
        {%- for table in graph.sources.values() | sort(attribute="name") -%}  {#- _batches is the first -#}
            {%- do create_raw_view(table, kind, place[:-1]) -%}
        {%- endfor -%}
    {%- elif execute and target.type != "postgres" and flags.WHICH in ("build", "run")
        and not adapter.check_schema_exists(target.database, "raw") -%}
        {%- do exceptions.raise_compiler_error(
            "This database has read nothing yet: name a folder or zip of the files, or a lake, in OLIST_DATA (docs/engines.md)."
        ) -%}
    {%- endif -%}
{%- endmacro %}


{% macro create_raw_view(table, kind, place) -%}
    {{ return(adapter.dispatch("create_raw_view", "olist_warehouse")(table, kind, place)) }}
{%- endmacro %}

{% macro default__create_raw_view(table, kind, place) -%}
{%- endmacro %}

{% macro duckdb__create_raw_view(table, kind, place) -%}
    {%- set at = place ~ ("/raw/" ~ table.name ~ "/*.parquet" if kind == "lake" else "/" ~ table.name ~ ".csv") -%}
    {%- set rows = duckdb_rows(table, kind, at) -%}
    {%- if table.name == "_batches" -%}
        {%- set query = duckdb_batches(kind, place) -%}
    {%- elif kind == "lake" -%}
        {%- set query = versions_of_lake(table, rows) -%}
    {%- else -%}
        {%- set query -%}
            select {{ "distinct" if table.config.meta.get("key") }} *,
                cast(1 as bigint) as _batch_id,
                cast(null as bigint) as _until_batch_id,
                cast('{{ run_started_at }}' as timestamptz) as _loaded_at,
                '{{ table.name }}.csv' as _source_file
            from ({{ rows }})
        {%- endset -%}
    {%- endif -%}
    {%- do run_query("create or replace view raw." ~ table.identifier ~ " as " ~ query) -%}
{%- endmacro %}


{#- Rows of a table's files, with every column that is declared: a missing one is null. -#}
{% macro duckdb_rows(table, kind, at) -%}
    select
    {%- if kind == "lake" %}
        cast(null as bigint) as _batch_id, cast(null as timestamptz) as _loaded_at,
        cast(null as varchar) as _source_file, cast(null as boolean) as _is_removed,
    {%- endif %}
    {%- for column in file_columns(table) %}
        cast(null as varchar) as {{ column }}{{ "," if not loop.last }}
    {%- endfor %}
    where false
    {%- if run_query("select 1 from glob('" ~ at ~ "')").rows %}
    union all by name
    select * from
    {%- if kind == "lake" %} read_parquet('{{ at }}', union_by_name = true)
    {%- else %} read_csv('{{ at }}', header = true, all_varchar = true, delim = ',', quote = '"', escape = '"', max_line_size = 16777216)
    {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{#- The ledger: of a lake its manifests, of files one batch. -#}
{% macro duckdb_batches(kind, place) -%}
    {%- if kind == "lake" -%}
        select batch.* from (
            select unnest(tables._batches) as batch
            from read_json('{{ place }}/batches/*.json', columns = {tables: 'struct(_batches struct({{ ledger_columns("varchar") }})[])'})
        )
    {%- else -%}
        {%- set zeros = ["rows_read", "rows_new", "rows_changed", "rows_removed", "rows_rejected"] %}
        select
            cast(1 as bigint) as batch_id,
            'files' as source,
            'snapshot' as mode,
            'landed' as status,
            cast('{{ run_started_at }}' as timestamptz) as started_at,
            started_at as finished_at,
            started_at as loaded_at,
            cast(0 as numeric(12, 3)) as seconds,
            {%- for name in zeros %}
            cast(0 as bigint) as {{ name }},
            {%- endfor %}
            cast(null as varchar) as error,
            cast(null as varchar) as rules
    {%- endif -%}
{%- endmacro %}


{#- Columns of raw._batches and their types, as a manifest has them. -#}
{% macro ledger_columns(text, colon="") -%}
    {%- set bigints = ["batch_id", "rows_read", "rows_new", "rows_changed", "rows_removed", "rows_rejected"] -%}
    {%- set moments = ["started_at", "finished_at", "loaded_at"] -%}
    {%- set moment = "timestamp_ltz" if text == "string" else "timestamptz" -%}
    {%- for name in bigints %}{{ name }}{{ colon }} bigint, {% endfor -%}
    {%- for name in moments %}{{ name }}{{ colon }} {{ moment }}, {% endfor -%}
    {%- for name in ["source", "mode", "status", "error"] %}{{ name }}{{ colon }} {{ text }}, {% endfor -%}
    seconds{{ colon }} double
{%- endmacro %}


{#- A source's own columns, as a file has them. -#}
{% macro file_columns(table) -%}
    {%- set names = [] -%}
    {%- for name in table.columns if not name.startswith("_") -%}
        {%- do names.append(name) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}


{#- Versions of a table out of a lake, which has a row for each that was opened and for each that a
    complete file removed: one ends where the next of its key begins. Equal rows of a table without
    a key are numbered: the first that was removed ends the first that there was.

    rows: query of the lake's rows -#}
{% macro versions_of_lake(table, rows) -%}
    {%- set key = table.config.meta.get("key") -%}
    {%- set names = (key or file_columns(table)) | map("string") | join(", ") -%}
    {%- set columns = file_columns(table) | join(", ") ~ ", _batch_id, _loaded_at, _source_file" -%}
    {%- set copy = "1" if key else "row_number() over (partition by " ~ names ~ ", _is_removed order by _batch_id)" %}
    select {{ columns }}, _until_batch_id
    from (
        select *, lead(_batch_id) over (partition by {{ names }}, _copy order by _batch_id) as _until_batch_id
        from (select *, {{ copy }} as _copy from ({{ rows }}) as lake_rows) as numbered
    ) as versions
    where not _is_removed
{%- endmacro %}


{#- Spark declares the columns of a table on the lake's files; those that a file lacks are null. -#}
{% macro spark__create_raw_view(table, kind, place) -%}
    {%- set lake = place.replace("s3://", "s3a://") -%}
    {%- set files = "raw.`_files_of_" ~ table.name ~ "`" -%}
    {%- if table.name == "_batches" -%}
        {%- set columns = "tables struct<_batches: array<struct<" ~ ledger_columns("string", ":") ~ ">>>" -%}
        {%- set options = "using json options (path '" ~ lake ~ "/batches', multiLine 'true')" -%}
        {%- set query = "select batch.* from (select explode(tables._batches) as batch from " ~ files ~ ")" -%}
    {%- else -%}
        {%- set columns = file_columns(table) | join(" string, ") ~ " string, _batch_id bigint,"
            ~ " _loaded_at timestamp_ltz, _source_file string, _is_removed boolean" -%}
        {%- set options = "using parquet options (path '" ~ lake ~ "/raw/" ~ table.name ~ "')" -%}
        {%- set query = versions_of_lake(table, "select * from " ~ files) -%}
    {%- endif -%}
    {%- do run_query("drop table if exists " ~ files) -%}
    {%- do run_query("create table " ~ files ~ " (" ~ columns ~ ") " ~ options) -%}
    {%- do run_query("create or replace view raw." ~ table.identifier ~ " as " ~ query) -%}
{%- endmacro %}


{#- Snowflake has the lake as a stage, and a table for each of its folders, one variant a row, to which it copies
    what is new: of a folder on this machine, which is put on the stage first, or of a bucket, which the stage is. -#}
{% macro snowflake__create_raw_view(table, kind, place) -%}
    {%- set is_ledger, is_bucket = table.name == "_batches", "://" in place -%}
    {%- set name = "lake_" ~ table.name.lstrip("_") -%}
    {%- set lake, folder = "raw." ~ name, "batches/" if is_ledger else "raw/" ~ table.name ~ "/" -%}
    {%- if adapter.get_relation(target.database, "raw", name) is none -%}
        {%- set bucket = " url = '" ~ place ~ "/' storage_integration = " ~ env_var("SNOWFLAKE_STORAGE_INTEGRATION") if is_bucket -%}
        {%- do run_query("create stage if not exists raw.lake" ~ (bucket or "")) -%}
        {%- do run_query("create table " ~ lake ~ " (content variant)") -%}
    {%- endif -%}
    {%- set files = ["*.json"] if is_ledger else new_files_of_lake(table.name) -%}
    {%- for file in files if not is_bucket -%}
        {%- do run_query("put 'file://" ~ place ~ "/" ~ folder ~ file ~ "' @raw.lake/" ~ folder ~ " auto_compress = false") -%}
    {%- endfor -%}
    {%- if files -%}
        {%- set format = "json" if is_ledger else "parquet use_logical_type = true" -%}
        {%- do run_query("copy into " ~ lake ~ " from @raw.lake/" ~ folder ~ " file_format = (type = " ~ format ~ ")") -%}
    {%- endif -%}
    {%- if is_ledger -%}
        {%- set query = "select distinct " ~ variant_columns("batch.value", ledger_columns("text").split(", "))
            ~ " from " ~ lake ~ ", lateral flatten(input => content:tables:_batches) as batch" -%}
    {%- else -%}
        {%- set columns = ["_batch_id bigint", "_loaded_at timestamptz", "_is_removed boolean", "_source_file text"] -%}
        {%- for name in file_columns(table) -%}
            {%- do columns.append(name ~ " text") -%}
        {%- endfor -%}
        {%- set query = versions_of_lake(table, "select " ~ variant_columns("content", columns) ~ " from " ~ lake) -%}
    {%- endif -%}
    {%- do run_query("create or replace view raw." ~ table.identifier ~ " as " ~ query) -%}
{%- endmacro %}


{#- Names of a table's files that the manifests have and Snowflake has not: one COPY takes all of them or none. -#}
{% macro new_files_of_lake(table_name) -%}
    {{ return(run_query(
        "select split_part(entry.value:key::text, '/', -1) from raw.lake_batches, lateral flatten(input => content:objects) as entry"
        ~ " where entry.value['table']::text = '" ~ table_name ~ "' and content:batch_id::bigint >"
        ~ " coalesce((select max(content:_batch_id::bigint) from raw.lake_" ~ table_name ~ "), 0)"
    ).columns[0].values()) }}
{%- endmacro %}


{#- Elements of a variant as columns.

    variant: SQL expression; columns: names with their types -#}
{% macro variant_columns(variant, columns) -%}
    {%- for column in columns -%}
        {%- set name, type = column.split(" ", 1) -%}
        {{ variant }}:{{ name }}::{{ type }} as {{ name }}{{ ", " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
