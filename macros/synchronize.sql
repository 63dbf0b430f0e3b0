{#- Incremental strategy `synchronize`: brings a table in place to what its model says now, of the
    rows in scope. Rows that are gone are deleted, rows that differ updated, new ones inserted; equal ones
    are not written. The model names its key (`unique_key`, one column), and its scope as
    `incremental_predicates`: what decides, by columns of the table, which rows the run has made again. -#}
{% macro get_incremental_synchronize_sql(arg_dict) -%}
    {{ return(adapter.dispatch("get_incremental_synchronize_sql", "olist_warehouse")(arg_dict)) }}
{%- endmacro %}

{% macro default__get_incremental_synchronize_sql(arg_dict) -%}
    {%- if flags.EMPTY -%}
        {{ return("select 1 as empty") }}
    {%- endif -%}
    {%- set table, made = arg_dict["target_relation"], arg_dict["temp_relation"] -%}
    {%- set key = arg_dict["unique_key"] -%}
    {%- set columns = arg_dict["dest_columns"] | map(attribute="name") | list -%}
    {%- set others = columns | reject("equalto", key) | list -%}
    {%- set scope = [] -%}
    {%- for predicate in arg_dict["incremental_predicates"] or [] -%}
        {%- do scope.append(render(predicate)) -%}
    {%- endfor -%}
    {%- set is_made = changed_only("old." ~ key, "select made." ~ key ~ " from " ~ made ~ " as made") %}
    delete from {{ table }} as old
    where
        {{ scope | join(" and ") or "true" }}
        and not exists (select 1 from {{ made }} as new where new.{{ key }} = old.{{ key }});

    update {{ table }} as old
    set {% for column in others %}{{ column }} = new.{{ column }}{{ ", " if not loop.last }}{% endfor %}
    from {{ made }} as new
    where
        old.{{ key }} = new.{{ key }}
        and {{ is_made }}
        and (old.{{ others | join(", old.") }}) is distinct from (new.{{ others | join(", new.") }});

    insert into {{ table }} ({{ columns | join(", ") }})
    select {{ columns | join(", ") }}
    from {{ made }} as new
    where not exists (
        select 1 from {{ table }} as old where old.{{ key }} = new.{{ key }} and {{ is_made }}
    )
{%- endmacro %}


{#- Newest batch whose changes the fact has; none where everything is in scope: in a full build, and
    where the ledger does not know the batch (raw was landed anew or restored), or the pin is older.

    The number becomes a literal of the fact's SQL, for which PostgreSQL plans better than for a
    subquery. It is read once per context of dbt: to compile, and to run. -#}
{% macro watermark() -%}
    {%- if execute and (flags.EMPTY or not is_incremental()) -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set pin, batches = ref("stg_olist__pin"), ref("stg_olist__batches") -%}
    {%- if execute and "watermark" not in model -%}
        {%- do model.update({"watermark": read_watermark(pin, batches)}) -%}
    {%- endif -%}
    {{ return(model.get("watermark")) }}
{%- endmacro %}


{#- The same from the database. -#}
{% macro read_watermark(pin, batches) -%}
    {{ return(adapter.dispatch("read_watermark", "olist_warehouse")(pin, batches)) }}
{%- endmacro %}

{% macro default__read_watermark(pin, batches) -%}
    {{ return(none) }}
{%- endmacro %}

{% macro postgres__read_watermark(pin, batches) -%}
    {%- set watermarks = target_table("_watermarks") -%}
    {%- if load_relation(watermarks) is none -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set found = run_query(
        "select mark.batch_id from " ~ watermarks ~ " as mark"
        ~ " inner join " ~ batches ~ " as batch"
        ~ " on mark.batch_id = batch.batch_id and mark.loaded_at = batch.loaded_at"
        ~ " inner join " ~ pin ~ " as pin on mark.batch_id <= pin.batch_id"
        ~ " where mark.model = '" ~ this.identifier ~ "'"
    ).columns[0].values() -%}
    {{ return(found[0] | int if found else none) }}
{%- endmacro %}


{#- Pre-hook, first in the transaction. One snapshot for all its statements: the pin that the views read
    may move between two of them where it is another target's (--defer). And plans that are
    right for one order as for the hundred thousand of a new export, because the planner knows
    neither how many rows are newer than a watermark nor how long the arrays of in_ids are (it takes
    ten): rows are found by index and joined by hash, never by a scan of the history, nor by a loop
    over loops. -#}
{% macro begin_to_synchronize() -%}
    {%- set since = watermark() -%}
    {%- if execute and target.type == "postgres" and is_incremental() %}
    commit;  -- the watermark was read in it, and a level is set before any query
    begin isolation level repeatable read;
    {%- if since is not none %}
    set local enable_seqscan = off;
    set local enable_nestloop = off;
    set local jit = off;
    {%- endif %}
    {%- endif -%}
{%- endmacro %}


{#- Post-hook, in the transaction that has changed the fact: its watermark is the pin that the staging
    views read. Where the fact was not made from that (--empty, clone), it has none. -#}
{% macro move_watermark() -%}
    {%- set pin, batches = ref("stg_olist__pin"), ref("stg_olist__batches") -%}
    {%- set watermarks = target_table("_watermarks") -%}
    {%- if not execute or target.type != "postgres" or model.config.materialized != "incremental" -%}
    {%- elif flags.WHICH in ("build", "run") and not flags.EMPTY %}
    insert into {{ watermarks }} as old (model, batch_id, loaded_at)
    select
        '{{ this.identifier }}' as model,
        batch.batch_id,
        batch.loaded_at
    from {{ batches }} as batch
    inner join {{ pin }} as pin
        on batch.batch_id = pin.batch_id
    on conflict (model) do update set batch_id = excluded.batch_id, loaded_at = excluded.loaded_at
    where (old.batch_id, old.loaded_at) is distinct from (excluded.batch_id, excluded.loaded_at)
    {%- else %}
    do $do$
    begin
        if to_regclass('{{ watermarks }}') is not null then
            delete from {{ watermarks }} where model = '{{ this.identifier }}';
        end if;
    end
    $do$
    {%- endif -%}
{%- endmacro %}


{#- What an import of a fact reads, and which rows of the fact are in scope: those of orders with an
    input row that was inserted, replaced or removed since the fact's watermark; all without one.

    order_id: column that names the order -#}
{% macro changed_orders_only(order_id) -%}
    {%- set changes = ref("int_order_changes") -%}
    {{ changed_only(order_id, "select order_id from " ~ changes ~ " where _batch_id > " ~ watermark()) }}
{%- endmacro %}


{#- The same by the rows of an optional table.

    changed_table: name of the raw table; id: the column that stg_operations__changes has of it -#}
{% macro changed_rows_only(changed_table, id) -%}
    {%- set changes = ref("stg_operations__changes") -%}
    {{ changed_only(
        id,
        "select changed_id from " ~ changes ~ " where changed_table = '" ~ changed_table
        ~ "' and _batch_id > " ~ watermark(),
    ) }}
{%- endmacro %}


{#- What an import of a fact reads that belongs to another import: the customers of those orders.

    cte: name of that import; id: column that both have -#}
{% macro only_of(cte, id) -%}
    {{ changed_only(id, "select " ~ cte ~ "." ~ id ~ " from " ~ cte) }}
{%- endmacro %}


{#- Whether an id is among those of a query, in a run that has a watermark; else always. -#}
{% macro changed_only(id, query) -%}
    {{ in_ids(id, query) if watermark() is not none else "true" }}
{%- endmacro %}


{#- Whether an id is among those that a query returns.

    On PostgreSQL it is a comparison with an array, because only a comparison with a value (and not a
    join) is pushed down into views that have CTEs: there it finds the rows by index, and the cost
    of a run follows the change and not the history. -#}
{% macro in_ids(id, query) -%}
    {{ return(adapter.dispatch("in_ids", "olist_warehouse")(id, query)) }}
{%- endmacro %}

{% macro default__in_ids(id, query) -%}
    {{ id }} in ({{ query }})
{%- endmacro %}

{% macro postgres__in_ids(id, query) -%}
    {{ id }} = any(array({{ query }}))
{%- endmacro %}
