with

fct_orders as (

    select
        order_id,
        order_status,
        purchased_at
    from {{ ref('fct_orders') }}

),

fct_order_items as (

    select
        order_id,
        price,
        freight_value
    from {{ ref('fct_order_items') }}

),

fct_payments as (

    select
        order_id,
        installments,
        payment_value
    from {{ ref('fct_payments') }}

),

-- Stacked, not joined: lines times payments would count both several times, and an order that has
-- not arrived yet would lose what was paid for it.
amounts_stacked as (

    select
        order_id,
        1 as line_count,
        0 as payment_count,
        cast(null as integer) as installments,
        price,
        freight_value,
        cast(0 as numeric(12, 2)) as payment_value
    from fct_order_items

    union all

    select
        order_id,
        0 as line_count,
        1 as payment_count,
        installments,
        cast(0 as numeric(12, 2)) as price,
        cast(0 as numeric(12, 2)) as freight_value,
        payment_value
    from fct_payments

),

amounts_summed as (

    select
        order_id,
        sum(line_count) as order_lines,
        sum(payment_count) as payments,
        max(installments) as most_installments,
        coalesce(sum(price), 0) as items_value,
        coalesce(sum(freight_value), 0) as freight_value,
        coalesce(sum(payment_value), 0) as payments_value
    from amounts_stacked
    group by order_id

),

amounts_joined_to_orders as (

    select
        fct_orders.purchased_at,
        amounts_summed.most_installments,
        cast(coalesce(amounts_summed.order_lines, 0) as integer) as order_lines,
        cast(coalesce(amounts_summed.payments, 0) as integer) as payments,
        cast(coalesce(amounts_summed.items_value, 0) as numeric(12, 2)) as items_value,
        cast(coalesce(amounts_summed.freight_value, 0) as numeric(12, 2)) as freight_value,
        cast(coalesce(amounts_summed.payments_value, 0) as numeric(12, 2)) as payments_value,
        coalesce(fct_orders.order_id, amounts_summed.order_id) as order_id,
        coalesce(fct_orders.order_status, 'unknown') as order_status
    from fct_orders
    full outer join amounts_summed
        on fct_orders.order_id = amounts_summed.order_id

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
            when order_lines = 0 then 'no items'
            when payments = 0 then 'no payment'
            when difference = 0 then 'exact'
            when abs(difference) <= 0.05 then 'rounding'
            when difference > 0 then 'paid more'
            else 'paid less'
        end as reconciliation
    from differences_taken

)

select * from final
