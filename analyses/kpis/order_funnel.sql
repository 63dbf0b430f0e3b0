-- How many orders reach each step, and how many are lost on the way? Grain: step.
-- Trap: a step without a time counts as passed if a later one has a time (some delivered orders
-- have no approval); delivered is by status; the review of an undelivered order is not a last
-- step. Not every order that stopped is lost (canceled or unavailable): the others may still
-- arrive.
with

orders as (

    select
        payments_value,
        order_status in ('canceled', 'unavailable') as is_lost,
        case
            when is_delivered and review_score is not null then 5
            when is_delivered then 4
            when coalesce(delivered_at, shipped_at) is not null then 3
            when approved_at is not null then 2
            else 1
        end as last_step
    from {{ ref('fct_orders') }}

),

steps as (

    select
        1 as step_number,
        'purchased' as step
    union all
    select
        2 as step_number,
        'approved' as step
    union all
    select
        3 as step_number,
        'shipped' as step
    union all
    select
        4 as step_number,
        'delivered' as step
    union all
    select
        5 as step_number,
        'reviewed' as step

),

reached as (

    select
        steps.step_number,
        steps.step,
        count(*) filter (where orders.last_step >= steps.step_number) as orders,
        count(*) filter (where orders.last_step = steps.step_number - 1) as stopped_before,
        count(*) filter (where orders.last_step = steps.step_number - 1 and orders.is_lost)
            as lost_orders,
        coalesce(
            sum(orders.payments_value) filter (where orders.last_step = steps.step_number - 1), 0.00
        ) as stopped_payments
    from steps
    cross join orders
    group by steps.step_number, steps.step

)

select
    step,
    orders,
    stopped_before,
    lost_orders,
    stopped_payments,
    round(100.0 * orders / nullif(first_value(orders) over (order by step_number), 0), 2)
        as percent_of_all,
    round(100.0 * orders / nullif(lag(orders) over (order by step_number), 0), 2)
        as percent_of_step_before
from reached
order by step_number
