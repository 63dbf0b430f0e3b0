-- The parts of an order's payments add up to the cent, and none is a cent or more away from its
-- exact share. Payments by seller or category lean on it.
with

-- parts less payments: nothing remains
amounts as (

    select
        order_id,
        allocated_value as amount,
        1 as is_line
    from {{ ref('rpt_payment_allocation') }}
    where {{ changed_orders_only('order_id') }}

    union all

    select
        order_id,
        -payment_value as amount,
        0 as is_line
    from {{ ref('fct_payments') }}
    where {{ changed_orders_only('order_id') }}

),

remainders as (

    select
        order_id,
        sum(amount) as amount_left,
        sum(is_line) as line_count
    from amounts
    group by order_id

),

shares as (

    select
        allocation.order_id,
        allocation.allocated_value,
        orders.payments_value,
        case
            when orders.items_value + orders.freight_value > 0 then allocation.item_total
            else 1
        end as part,
        case
            when orders.items_value + orders.freight_value > 0
                then orders.items_value + orders.freight_value
            else orders.item_count
        end as whole
    from {{ ref('rpt_payment_allocation') }} as allocation
    inner join {{ ref('fct_orders') }} as orders
        on allocation.order_id = orders.order_id
    where {{ changed_orders_only('allocation.order_id') }}

)

select order_id
from remainders
where
    line_count > 0
    and amount_left <> 0

union all

select order_id
from shares
where abs(allocated_value - payments_value * part / whole) >= 0.01
