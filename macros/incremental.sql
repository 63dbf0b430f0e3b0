{#- Newest of several batch ids, some of which may be null because their row is missing. -#}
{% macro newest_batch(batch_ids) -%}
    greatest({% for batch_id in batch_ids %}coalesce({{ batch_id }}, 0){{ ", " if not loop.last }}{% endfor %})
{%- endmacro %}


{#- The newest batch that this fact was built from, read once for the run; 0 where the fact is empty.

    The delete and the insert of a run must agree on it: read again after the delete, it may have
    fallen, because the newest rows were among the deleted. -#}
{% macro watermark() -%}
    {%- set newest = run_query("select coalesce(max(_batch_id), 0) from " ~ this) if execute -%}
    {{ return(newest.rows[0][0] if newest else 0) }}
{%- endmacro %}


{#- Whether a row of int_order_changes is newer than this fact.

    inputs: names of the raw tables that the fact is made from -#}
{% macro changed_since_last_run(inputs) -%}
    changed_table in ('{{ inputs | join("', '") }}')
    and _batch_id > {{ watermark() }}
{%- endmacro %}


{#- Whether an order is in the model's CTE touched_orders. -#}
{% macro is_touched(order_id) -%}
    {{ is_among(order_id, "select touched_orders.order_id from touched_orders") }}
{%- endmacro %}


{#- Whether an id is among those that a query returns.

    On PostgreSQL it is a comparison with an array, because only a comparison with a value (and not a
    join) is pushed down into views that have CTEs: there it finds the rows by index, and the cost
    of a run follows the change and not the history. -#}
{% macro is_among(id, query) -%}
    {{ return(adapter.dispatch("is_among", "olist_warehouse")(id, query)) }}
{%- endmacro %}

{% macro default__is_among(id, query) -%}
    {{ id }} in ({{ query }})
{%- endmacro %}

{% macro postgres__is_among(id, query) -%}
    {{ id }} = any(array({{ query }}))
{%- endmacro %}


{#- Pre-hook of an incremental fact: delete the touched orders, in the transaction that inserts them
    again. dbt's own delete+insert deletes only what it inserts: it would keep a line, payment or review
    that has gone. So the facts append to what this has left of them.

    inputs: names of the raw tables that the fact is made from -#}
{% macro delete_touched_orders(inputs) -%}
    {%- if is_incremental() -%}
        {{ begin_rebuild_of_orders() }}
        {%- set touched_orders %}
            select order_id
            from {{ ref("int_order_changes") }}
            where {{ changed_since_last_run(inputs) }}
        {% endset %}
        delete from {{ this }}
        where {{ is_among("order_id", touched_orders) }}
    {%- endif -%}
{%- endmacro %}


{#- What the transaction needs that deletes the touched orders and inserts them again.

    On PostgreSQL: one snapshot for all its statements, because a batch that lands between the two
    would move the watermark past a removal that the delete has not seen. And plans that are right
    for one order as for the hundred thousand of a new export, because the planner knows neither how
    many rows are newer than a watermark (it takes a third of all) nor how long the arrays of
    is_among are (ten): rows are found by index and joined by hash, never by a scan of the history,
    nor by a loop over loops. -#}
{% macro begin_rebuild_of_orders() -%}
    {{ return(adapter.dispatch("begin_rebuild_of_orders", "olist_warehouse")()) }}
{%- endmacro %}

{% macro default__begin_rebuild_of_orders() -%}
{%- endmacro %}

{% macro postgres__begin_rebuild_of_orders() -%}
    commit;  -- the watermark was read in this transaction, and a level is set before any query
    begin isolation level repeatable read;
    set local enable_seqscan = off;
    set local enable_nestloop = off;
    set local jit = off;
{%- endmacro %}


{#- The last review of an order comes first: last answered, then last created, then the highest id.
    A missing time comes last on every engine. -#}
{% macro latest_review_first() -%}
    answered_at is null, answered_at desc, created_at is null, created_at desc, review_id desc
{%- endmacro %}


{#- One row per raw row of these tables, with the batch that last inserted, changed or removed it:
    removed rows are here too, for their removal is a change.

    id_columns: the column of each raw table by which facts find what to rebuild -#}
{% macro changes_of(source_name, id_columns) -%}
    {%- for table, id_column in id_columns.items() %}
    select
        '{{ table }}' as changed_table,
        {{ id_column }} as changed_id,
        _batch_id
    from {{ source(source_name, table) }}
    {%- if not loop.last %}

    union all
    {% endif %}
    {%- endfor %}
{%- endmacro %}
