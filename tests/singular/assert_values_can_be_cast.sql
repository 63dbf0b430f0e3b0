-- A value that cannot be cast is null in staging, and an amount with more than cents is rounded
-- there: it warns, because one bad price is no reason to withhold a day's orders, and fails past
-- max_invalid_values, because then the export is broken. A sum that lacks a price is only honest
-- while someone reads this list.
{{ config(
    severity='error',
    warn_if='> 0',
    error_if='> ' ~ var('max_invalid_values'),
) }}

select
    table_name,
    row_key,
    column_name,
    invalid_value
from {{ ref('invalid_values') }}
{%- for table, key, column in [
    ("order_items", ["order_id", "order_item_id"], "price"),
    ("order_items", ["order_id", "order_item_id"], "freight_value"),
    ("order_payments", ["order_id", "payment_sequential"], "payment_value"),
] %}

union all

select
    '{{ table }}' as table_name,
    {{ row_key(key) }} as row_key,
    '{{ column }}' as column_name,
    {{ column }} as invalid_value
from {{ source('olist', table) }}
where
    regexp_replace({{ trimmed(column) }}, '0+$', '') like '%.___%'
    and {{ try_cast(column, 'numeric(12, 2)') }} is not null
    and {{ is_pinned() }}
{%- endfor %}
