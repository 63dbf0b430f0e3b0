{#- Newest of several batch ids, some of which may be null because their row is missing. -#}
{% macro newest_batch(batch_ids) -%}
    greatest({% for batch_id in batch_ids %}coalesce({{ batch_id }}, 0){{ ", " if not loop.last }}{% endfor %})
{%- endmacro %}


{#- The last review of an order comes first: last answered, then last created, then the highest id.
    A missing time comes last on every engine. -#}
{% macro latest_review_first() -%}
    answered_at is null, answered_at desc, created_at is null, created_at desc, review_id desc
{%- endmacro %}


{#- Of the rows of one customer, the one whose address holds comes first: rows that the source still has
    before removed ones, then by the latest order; ties by the highest id.

    customers, orders: relations of the query that have the columns of each -#}
{% macro best_address_first(customers, orders) -%}
    {{ customers }}.is_removed asc,
                {{ orders }}.purchased_at is null asc,
                {{ orders }}.purchased_at desc nulls first,
                {{ orders }}.order_id desc nulls last,
                {{ customers }}.customer_id desc
{%- endmacro %}


{#- Volume of a parcel in cubic centimeters; null where a side is, and beyond an integer. -#}
{% macro volume_cm3() -%}
    cast(length_cm as bigint) * height_cm * width_cm
{%- endmacro %}


{#- One row per version of these tables that a batch opened, and one per version that it closed.

    id_columns: the column of each raw table by which facts find what to rebuild -#}
{% macro changes_of(source_name, id_columns) -%}
    {%- for table, id_column in id_columns.items() %}
    {%- for batch_column in ["_batch_id", "_until_batch_id"] %}
    select
        '{{ table }}' as changed_table,
        {{ id_column }} as changed_id,
        {{ batch_column }} as _batch_id
    from {{ source(source_name, table) }}
    where {{ batch_column }} <= {{ pinned_batch() }}
    {%- if not loop.last %}

    union all
    {% endif %}
    {%- endfor %}
    {%- if not loop.last %}

    union all
    {% endif %}
    {%- endfor %}
{%- endmacro %}
