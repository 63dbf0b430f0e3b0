{#- Pre-hook of an incremental fact of an optional table: deletes the rows that are made again, and those
    of what is gone, in the transaction that inserts them (see delete_touched_orders).

    changed_table: the raw table; id_column: the fact's column that stg_operations__changes has -#}
{% macro delete_changed_rows(changed_table, id_column) -%}
    {%- if is_incremental() -%}
        {{ begin_rebuild_of_orders() }}
        {%- set changed_ids %}
            select changed_id
            from {{ ref("stg_operations__changes") }}
            where {{ changed_since_last_run([changed_table]) }}
        {% endset %}
        delete from {{ this }}
        where {{ is_among(id_column, changed_ids) }}
    {%- endif -%}
{%- endmacro %}
