-- The parts of an order's payments add up to the cent, and none is a cent or more away from its
-- exact share. Payments by seller or category lean on it.
with

lines as (

    select
        order_id,
        count(*) as order_lines,
        sum(item_total) as order_total,
        sum(allocated_value) as allocated_value
    from {{ ref('rpt_payment_allocation') }}
    group by order_id

),

payments as (

    select
        order_id,
        sum(payment_value) as payments_value
    from {{ ref('fct_payments') }}
    group by order_id

)

select
    allocation.order_item_key,
    allocation.allocated_value,
    lines.allocated_value as allocated_to_order,
    payments.payments_value
from {{ ref('rpt_payment_allocation') }} as allocation
inner join lines
    on allocation.order_id = lines.order_id
left join payments
    on allocation.order_id = payments.order_id
where
    lines.allocated_value <> coalesce(payments.payments_value, 0)
    or abs(
        (
            allocation.allocated_value
            - coalesce(payments.payments_value, 0)
            * case when lines.order_total > 0 then allocation.item_total else 1 end
            / case when lines.order_total > 0 then lines.order_total else lines.order_lines end
        )
    ) >= 0.01
