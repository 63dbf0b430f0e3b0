{{ config(incremental_predicates=["{{ changed_orders_only('order_id') }}"]) }}

with

fct_orders as (

    select
        order_id,
        order_status,
        purchased_at
    from {{ ref('fct_orders') }}
    where {{ changed_orders_only('order_id') }}

),

fct_order_items as (

    select
        order_id,
        price,
        freight_value
    from {{ ref('fct_order_items') }}
    where {{ changed_orders_only('order_id') }}

),

fct_payments as (

    select
        order_id,
        installments,
        payment_value
    from {{ ref('fct_payments') }}
    where {{ changed_orders_only('order_id') }}

),

-- Each summed to the order before they meet: lines times payments would count both several times.
items_summed as (

    select
        order_id,
        count(*) as line_count,
        sum(price) as items_value,
        sum(freight_value) as freight_value
    from fct_order_items
    group by order_id

),

payments_summed as (

    select
        order_id,
        count(*) as payments,
        max(installments) as most_installments,
        sum(payment_value) as payments_value
    from fct_payments
    group by order_id

),

-- Full joins: an order that has not arrived yet would lose what was paid for it.
amounts_joined_to_orders as (

    select
        fct_orders.purchased_at,
        payments_summed.most_installments,
        cast(coalesce(items_summed.line_count, 0) as integer) as line_count,
        cast(coalesce(payments_summed.payments, 0) as integer) as payments,
        cast(coalesce(items_summed.items_value, 0) as numeric(12, 2)) as items_value,
        cast(coalesce(items_summed.freight_value, 0) as numeric(12, 2)) as freight_value,
        cast(coalesce(payments_summed.payments_value, 0) as numeric(12, 2)) as payments_value,
        coalesce(fct_orders.order_id, items_summed.order_id, payments_summed.order_id) as order_id,
        coalesce(fct_orders.order_status, 'unknown') as order_status
    from items_summed
    full outer join payments_summed
        on items_summed.order_id = payments_summed.order_id
    full outer join fct_orders
        on coalesce(items_summed.order_id, payments_summed.order_id) = fct_orders.order_id

),

differences_taken as (

    select
        *,
        cast(items_value + freight_value as numeric(12, 2)) as order_total,
        cast(payments_value - items_value - freight_value as numeric(12, 2)) as difference
    from amounts_joined_to_orders

),

final as (

    select
        *,
        case
            when line_count = 0 then 'no items'
            when payments = 0 then 'no payment'
            when difference = 0 then 'exact'
            when abs(difference) <= 0.05 then 'rounding'
            when difference > 0 then 'paid more'
            else 'paid less'
        end as reconciliation
    from differences_taken

)

select * from final
