-- How long do buyers in each state wait, and how often longer than promised? Grain: state.
-- Trap: the state is where the order was sent, not where the customer lives today; undelivered
-- orders and orders without a delivery time are neither late nor on time, and late_share
-- excludes them.
select
    state_code,
    delivered_orders,
    average_days,
    late_share,
    average_freight
from {{ ref('rpt_delivery_by_state') }}
where delivered_orders > 0
order by average_days desc nulls last, state_code asc
