{#- What each synchronized table was made from, in the target's table _watermarks, one row per model:

    batch_id, loaded_at   newest batch whose changes it has
    code                  hash of its SQL, of the views and the seeds' rows that it reads, and of the
                          code of all tables that it reads
    inputs                hash of that, and of the state of all tables that it reads
    version               grows whenever a run has written rows of it

    With it a run knows that nothing is new, or which orders have changed, or that everything has to be
    made again, because the SQL is another: no `--full-refresh` is needed for that. A data test that held
    has a row too (macros/test.sql). -#}


{#- What a run has to make of a table: `nothing`, what has `changed`, or `all`. It stands in `model` for
    the rest of the run.

    begin: statements before the question -#}
{% macro scope_of_run(begin) -%}
    {%- do model.update({"scope": "all", "is_new": not is_incremental()}) -%}
    {%- if flags.EMPTY -%}
        {%- do run_query(begin) -%}
        {%- do model.update({"scope": "nothing"}) -%}
    {%- else -%}
        {%- set scope = scope_by_inputs(begin) -%}
        {%- set has_watermark = config.get("incremental_predicates") and watermark() is not none -%}
        {#- the ledger may have forgotten its batch since it was read: the table is locked now -#}
        {%- if not model.is_new
            and (scope != "changed" or (has_watermark and model.answer.rows[0]["is_in_ledger"])) -%}
            {%- do model.update({"scope": scope}) -%}
        {%- endif -%}
    {%- endif -%}
    {{ return(model.scope) }}
{%- endmacro %}


{#- The same of a table that exists or a data test, by the state of what it reads beside that of its last run;
    the answer, the hashes and the tables that it reads stand in `model` then.

    begin: statements before the question, sent as one with it -#}
{% macro scope_by_inputs(begin="") -%}
    {%- set found = inputs() -%}
    {%- set answer = run_query(begin ~ state_of_inputs(found)) -%}
    {%- set now = answer.rows[0] -%}
    {%- do model.update({"answer": answer, "code": now["code"], "inputs": now["inputs"], "parents": found.tables}) -%}
    {%- if now["code"] != now["last_code"] -%}
        {{ return("all") }}
    {%- elif now["inputs"] is not none and now["inputs"] == now["last_inputs"] -%}
        {{ return("nothing") }}
    {%- endif -%}
    {{ return("changed") }}
{%- endmacro %}


{#- Query for the hashes now, and as the last run noted them; for a test the result that it has where nothing is
    new, for a table whether its watermark is where it should be, and of a batch that the ledger has.

    found: what the model is made from -#}
{% macro state_of_inputs(found) %}
    select
        now.code,
        now.inputs,
        mark.code as last_code,
        mark.inputs as last_inputs,
        {%- if model.resource_type == "test" %}
        0 as failures, false as should_warn, false as should_error
        {%- else %}
        (mark.batch_id, mark.loaded_at) is not distinct from (batch.batch_id, batch.loaded_at) as is_at_pin,
        exists (
            select from {{ ledger("_batches") }} as known
            where (known.batch_id, known.loaded_at) = (mark.batch_id, mark.loaded_at)
        ) as is_in_ledger
        {%- endif %}
    from ({{ hashes_of_inputs(found) }}) as now
    left join {{ target_table("_watermarks") }} as mark
        on mark.model = '{{ this.identifier }}'
    {%- if model.resource_type != "test" %}
    cross join ({{ batch_of_inputs(found.tables) }}) as batch
    {%- endif %}
{%- endmacro %}


{#- Query for the hashes now. Inputs are null, and so equal to nothing, where something is read whose state is
    not noted (a clone), or another target's (--defer). A table that is made by changed orders is made anew
    where a table that is not has changed, or may have.

    found: what the model is made from -#}
{% macro hashes_of_inputs(found) -%}
    {%- set is_deferred = invocation_args_dict.get("defer") -%}
    {%- set is_known = "are_noted and " ~ (not found.others and not is_deferred) -%}
    {%- set unscoped = found.unscoped if config.get("incremental_predicates") else [] %}
    with

    views as (
        select string_agg(md5(pg_get_viewdef(to_regclass(nullif(name, '')))), '' order by name) as code
        from unnest(cast(array[{{ literals(found.views) }}] as text[])) as name
    ),
    tables as (
        select
            string_agg(model || version, ' ' order by model) as state,
            string_agg(concat(code, case when model in ({{ literals(unscoped) }}) then version end), ' ' order by model) as code,
            count(*) = {{ found.tables | unique | list | length }} as are_noted
        from {{ target_table("_watermarks") }}
        where model in ({{ literals(found.tables) }})
    ),

    raw_tables as ({{ last_changes_of_raw(found.sources) }}),

    hashes as (
        select
            md5(concat_ws(
                ' ', '{{ local_md5(without_scope(sql)) }}', views.code, tables.code
                {%- for seed in found.seeds if not is_deferred %}, (select md5(string_agg(seed::text, '' order by seed::text)) from {{ seed }} as seed){% endfor %}
            )) as code,
            concat_ws(' ', tables.state, raw_tables.state) as state,
            {{ is_known }} as is_known
        from views, tables, raw_tables
    )

    select
        case when is_known {{ "or true" if not unscoped }} then code end as code,
        case when is_known then md5(code || state) end as inputs
    from hashes
{%- endmacro %}


{#- Query for the state of raw tables: when a batch last wrote a row of each, up to the pinned one.

    tables: their names -#}
{% macro last_changes_of_raw(tables) -%}
    select string_agg(table_name || loaded_at, ' ' order by table_name) as state
    from (
        select
            files.table_name,
            max(batches.loaded_at) as loaded_at
        from {{ ledger("_files") }} as files
        inner join {{ ledger("_batches") }} as batches
            on files.batch_id = batches.batch_id
        where
            files.table_name in ({{ literals(tables) }})
            and files.rows_new + files.rows_changed + files.rows_removed > 0
            and batches.batch_id <= (select batch_id from {{ target_table("_pin") }})
        group by files.table_name
    ) as changes
{%- endmacro %}


{#- What the model is made from, by kind: relation names of views, models of synchronized tables (and which
    of them make what reads them whole), raw tables, relation names of seeds, and others. -#}
{% macro inputs() -%}
    {%- set found = {"views": [], "tables": [], "unscoped": [], "sources": [], "seeds": [], "others": []} -%}
    {%- do add_inputs(model.depends_on.nodes, found) -%}
    {{ return(found) }}
{%- endmacro %}


{#- Adds what nodes are, and what the views among them read, to these lists.

    names: unique ids of nodes; found: the lists -#}
{% macro add_inputs(names, found) -%}
    {%- for name in names -%}
        {%- if name in graph.sources -%}
            {%- do found.sources.append(graph.sources[name].identifier) -%}
        {%- else -%}
            {%- set node = graph.nodes[name] -%}
            {%- if node.resource_type == "seed" -%}
                {%- do found.seeds.append(node.relation_name) if node.relation_name not in found.seeds -%}
            {%- elif node.config.materialized == "incremental" -%}
                {%- do found.tables.append(node.alias) -%}
                {#- Which customers have changed does not say which orders have: what reads a dimension is made whole. -#}
                {%- set is_whole = not node.config.get("incremental_predicates") or node.name.startswith("dim_") -%}
                {%- do found.unscoped.append(node.alias) if is_whole -%}
            {%- elif node.config.materialized != "view" -%}
                {%- do found.others.append(name) -%}
            {%- elif node.relation_name not in found.views -%}
                {%- do found.views.append(node.relation_name) -%}
                {%- do add_inputs(node.depends_on.nodes, found) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}


{#- Texts as a list of SQL literals, which is never empty.

    texts: without a quote -#}
{% macro literals(texts) -%}
    '{{ (texts or [""]) | unique | sort | join("', '") }}'
{%- endmacro %}


{#- A table of the ledger in raw, without making it a parent of every mart.

    name: of the table -#}
{% macro ledger(name) -%}
    {%- set batches = graph.sources.values() | selectattr("name", "equalto", "_batches") | first -%}
    {{ return(api.Relation.create(database=batches.database, schema=batches.schema, identifier=name)) }}
{%- endmacro %}


{#- Newest batch whose changes a table has; none where everything is in scope: in a full build, and
    where the ledger does not know the batch (raw was landed anew or restored), or the pin is older.

    The number becomes a literal of the SQL, for which PostgreSQL plans better than for a subquery. All
    tables' are read once per run: another run of the target may move one before this one has locked the
    table, and the rows in scope of the table have to be those that the SQL makes. `graph` keeps them, because
    `model` is another object when the model is run; of several threads the first has its way. -#}
{% macro watermark() -%}
    {%- if execute and (
        flags.EMPTY
        or flags.WHICH not in ("build", "run")
        or not (is_incremental() or model.resource_type == "test")
    ) -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set pin, batches = ref("stg_olist__pin"), ref("stg_olist__batches") -%}
    {%- if execute and "watermarks" not in graph and load_relation(target_table("_watermarks")) is not none -%}
        {%- set found = {} -%}
        {%- for row in run_query(
            "select mark.model, mark.batch_id from " ~ target_table("_watermarks") ~ " as mark"
            ~ " inner join " ~ batches ~ " as batch"
            ~ " on mark.batch_id = batch.batch_id and mark.loaded_at = batch.loaded_at"
            ~ " inner join " ~ pin ~ " as pin on mark.batch_id <= pin.batch_id"
        ).rows -%}
            {%- do found.update({row[0]: row[1] | int}) -%}
        {%- endfor -%}
        {%- do graph.setdefault("watermarks", found) -%}
    {%- endif -%}
    {{ return(graph.get("watermarks", {}).get(this.identifier) if execute else none) }}
{%- endmacro %}


{#- Last statement of the transaction that has changed a table: notes what it was made from. Where that is not
    the pinned batch (--empty, clone), nothing is known of it. -#}
{% macro move_watermark() -%}
    {%- set watermarks = target_table("_watermarks") -%}
    {%- if flags.WHICH not in ("build", "run") or flags.EMPTY %}
    do $do$
    begin
        if to_regclass('{{ watermarks }}') is not null then
            delete from {{ watermarks }} where model = '{{ this.identifier }}';
        end if;
    end
    $do$
    {%- else -%}
    {%- set has_written = "true" if model.get("is_new", true) else "exists (select from difference)" -%}
    {%- set has_written = "false" if model.scope == "nothing" else has_written %}
    insert into {{ watermarks }} as old (model, batch_id, loaded_at, code, inputs, version)
    select
        '{{ this.identifier }}' as model,
        batch_id,
        loaded_at,
        nullif('{{ model.code or "" }}', '') as code,
        nullif('{{ model.inputs or "" }}', '') as inputs,
        cast({{ has_written }} as integer) as version
    from ({{ batch_of_inputs(model.parents) }}) as batch
    on conflict (model) do update set
        batch_id = excluded.batch_id,
        loaded_at = excluded.loaded_at,
        code = excluded.code,
        inputs = excluded.inputs,
        version = old.version + excluded.version
    where
        (old.batch_id, old.loaded_at, old.code, old.inputs, 0) is distinct from
        (excluded.batch_id, excluded.loaded_at, excluded.code, excluded.inputs, excluded.version)
    {%- endif -%}
{%- endmacro %}


{#- Query for the batch whose changes a table has now: the pin that its staging views read, another target's
    where they are (--defer), or the oldest watermark of the tables that it was made from.

    parents: their models -#}
{% macro batch_of_inputs(parents) -%}
    {%- set reads_pin = "model.olist_warehouse.stg_olist__pin" in model.depends_on.nodes -%}
    select
        batches.batch_id,
        batches.loaded_at
    from {{ ref("stg_olist__pin") if reads_pin else target_table("_pin") }} as pin
    left join {{ ledger("_batches") }} as batches
        on batches.batch_id = least(
            pin.batch_id,
            (
                select min(mark.batch_id)
                from {{ target_table("_watermarks") }} as mark
                where mark.model in ({{ literals(parents) }})
            )
        )
        {{ "and false" if parents and invocation_args_dict.get("defer") }}
{%- endmacro %}


{#- What an import reads, and which rows of the table are in scope: those of orders with an input row that
    was inserted, replaced or removed since the table's watermark; all without one.

    order_id: column that names the order -#}
{% macro changed_orders_only(order_id) -%}
    {%- set changes = ref("int_order_changes") -%}
    {{ changed_only(order_id, "select order_id from " ~ changes ~ " where _batch_id > " ~ watermark()) }}
{%- endmacro %}


{#- The same by the rows of a raw table that were inserted, replaced or removed.

    source_name, table: of raw; id: column that the raw table and the model have -#}
{% macro changed_rows_only(source_name, table, id) -%}
    {%- set rows = source(source_name, table) -%}
    {%- set queries = [] -%}
    {%- for batch in ["_batch_id", "_until_batch_id"] -%}
        {%- do queries.append("select " ~ id ~ " from " ~ rows ~ " where " ~ batch ~ " > " ~ watermark()) -%}
    {%- endfor -%}
    {{ changed_only(id, queries | join(" union all ")) }}
{%- endmacro %}


{#- The same by customers: those with a row, now or before, or an order that was inserted, replaced or removed.

    customer_unique_id: column that names the customer -#}
{% macro changed_customers_only(customer_unique_id) -%}
    {%- set changes = ref("int_customer_changes") -%}
    {{ changed_only(customer_unique_id, "select customer_unique_id from " ~ changes ~ " where _batch_id > " ~ watermark()) }}
{%- endmacro %}


{#- What an import reads that belongs to another import: the customers of those orders.

    cte: name of that import; id: column of both; key: that of this one, where it has another name -#}
{% macro related_rows_only(cte, id, key=none) -%}
    {{ changed_only(key or id, "select " ~ cte ~ "." ~ id ~ " from " ~ cte) }}
{%- endmacro %}


{#- Whether an id is among those of a query, in a run that has a watermark; else always.

    It is a comparison with an array, because only a comparison with a value (and not a join) is pushed
    down into views that have CTEs: there it finds the rows by index, and the cost of a run follows the
    change and not the history. The comments are for without_scope. -#}
{% macro changed_only(id, query) -%}
    /* changed only */ {{ id ~ " = any(array(" ~ query ~ "))" if watermark() is not none else "true" }} /* end */
{%- endmacro %}


{#- The SQL of a model with everything in scope, which is the same in a full and an incremental run.

    sql: as dbt compiled it -#}
{% macro without_scope(sql) -%}
    {{ return(modules.re.sub("(?s)/[*] changed only [*]/.*?/[*] end [*]/", "true", sql)) }}
{%- endmacro %}
