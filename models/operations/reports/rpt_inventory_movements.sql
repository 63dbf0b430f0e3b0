{%- set pieces = {
    'received': "case when transaction_type = 'receipt' then quantity end",
    'costed': "case when is_costed_receipt then quantity end",
    'sold': "case when transaction_type = 'sale' then -quantity end",
    'returned': "case when transaction_type = 'return' then quantity end",
    'adjusted': "case when transaction_type = 'adjustment' then quantity end",
    'on_hand': "quantity",
} %}

with

inventory_transactions as (

    select
        product_id,
        seller_id,
        transaction_type,
        transaction_at,
        quantity,
        transaction_value
    from {{ ref('fct_inventory_transactions') }}

),

-- The last day on which any stock moved; the times end with it, and not with the day of the clock.
last_day as (

    select max(cast(transaction_at as date)) as as_of_on
    from inventory_transactions

),

moves_placed_in_time as (

    select
        inventory_transactions.*,
        inventory_transactions.transaction_type = 'receipt'
        and inventory_transactions.transaction_value is not null as is_costed_receipt,
        {%- for days in [30, 90, 365] %}
        inventory_transactions.transaction_type = 'sale'
        and inventory_transactions.transaction_at
        >= {{ dbt.dateadd('day', 1 - days, 'last_day.as_of_on') }} as is_sale_of_{{ days }}d,
        {%- endfor %}
        last_day.as_of_on
    from inventory_transactions
    cross join last_day

),

final as (

    select
        ---------- primary key
        {{ dbt_utils.generate_surrogate_key(['product_id', 'seller_id']) }}
            as inventory_movement_key,

        ---------- grain
        product_id,
        seller_id,
        max(as_of_on) as as_of_on,

        ---------- measures: pieces
        {%- for name, quantity in pieces.items() %}
        cast(coalesce(sum({{ quantity }}), 0) as bigint) as {{ name }}_quantity,
        {%- endfor %}
        {%- for days in [30, 90, 365] %}
        cast(coalesce(sum(case when is_sale_of_{{ days }}d then -quantity end), 0) as bigint)
            as sold_quantity_{{ days }}d,
        {%- endfor %}

        ---------- measures: reais
        cast(
            coalesce(sum(case when transaction_type = 'receipt' then transaction_value end), 0)
            as numeric(22, 2)
        ) as received_value,
        cast(
            coalesce(sum(case when transaction_type = 'sale' then -transaction_value end), 0)
            as numeric(22, 2)
        ) as sold_value,

        ---------- days
        cast(max(case when transaction_type = 'receipt' then transaction_at end) as date)
            as last_received_on,
        cast(max(case when transaction_type = 'sale' then transaction_at end) as date)
            as last_sold_on
    from moves_placed_in_time
    group by product_id, seller_id

)

select * from final
