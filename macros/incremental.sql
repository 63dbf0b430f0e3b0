{#- Newest of several batch ids, some of which may be null because their row is missing. -#}
{% macro newest_batch(batch_ids) -%}
    greatest({% for batch_id in batch_ids %}coalesce({{ batch_id }}, 0){{ ", " if not loop.last }}{% endfor %})
{%- endmacro %}


{#- Whether a row of int_order_changes is newer than the newest batch in this fact.

    inputs: names of the raw tables that the fact is made from -#}
{% macro changed_since_last_run(inputs) -%}
    changed_table in ('{{ inputs | join("', '") }}')
    and _batch_id > (
        select coalesce(max(fact._batch_id), 0) from {{ this }} as fact
    )
{%- endmacro %}


{#- Whether an order is in the model's CTE touched_orders.

    On PostgreSQL it is a comparison with an array, because only a comparison with a value (and not a
    join) is pushed down into views that have CTEs: there it finds the rows by index, and the cost
    of a run follows the change and not the history. -#}
{% macro is_touched(order_id) -%}
    {{ return(adapter.dispatch("is_touched", "olist_warehouse")(order_id)) }}
{%- endmacro %}

{% macro default__is_touched(order_id) -%}
    {{ order_id }} in (select touched_orders.order_id from touched_orders)
{%- endmacro %}

{% macro postgres__is_touched(order_id) -%}
    {{ order_id }} = any(array(select touched_orders.order_id from touched_orders))
{%- endmacro %}


{#- Pre-hook of an incremental fact: delete the touched orders, in the transaction that inserts them
    again. dbt's delete+insert deletes only what it inserts, so alone it would keep a line, payment
    or review that has gone.

    inputs: names of the raw tables that the fact is made from -#}
{% macro delete_touched_orders(inputs) -%}
    {%- if is_incremental() -%}
        {{ begin_rebuild_of_orders() }}
        delete from {{ this }}
        where order_id in (
            select order_id
            from {{ ref("int_order_changes") }}
            where {{ changed_since_last_run(inputs) }}
        )
    {%- endif -%}
{%- endmacro %}


{#- What the transaction needs that deletes the touched orders and inserts them again.

    On PostgreSQL: one snapshot for all its statements, because a batch that lands between the two
    would move the watermark past a removal that the delete has not seen; and no nested loops,
    because the planner takes the array in is_touched to have ten elements, and a plan for ten does
    not end within hours for the hundred thousand orders of a new export. -#}
{% macro begin_rebuild_of_orders() -%}
    {{ return(adapter.dispatch("begin_rebuild_of_orders", "olist_warehouse")()) }}
{%- endmacro %}

{% macro default__begin_rebuild_of_orders() -%}
{%- endmacro %}

{% macro postgres__begin_rebuild_of_orders() -%}
    set transaction isolation level repeatable read;
    set local enable_nestloop = off;
{%- endmacro %}


{#- The last review of an order comes first: last answered, then last created, then the highest id.
    A missing time comes last on every engine. -#}
{% macro latest_review_first() -%}
    answered_at is null, answered_at desc, created_at is null, created_at desc, review_id desc
{%- endmacro %}
