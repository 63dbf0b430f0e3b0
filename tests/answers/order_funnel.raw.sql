with

paid as (

    select
        order_id,
        sum(payment_value::numeric(12, 2)) as paid
    from raw.order_payments
    where _until_batch_id is null
    group by order_id

),

scores as (

    select *
    from {{ part('latest_reviews') }}

),

orders as (

    select
        btrim(orders.order_status) in ('canceled', 'unavailable') as is_lost,
        coalesce(paid.paid, 0) as paid,
        btrim(orders.order_status) = 'delivered' as delivered,
        scores.score is not null as reviewed,
        orders.order_delivered_carrier_date is not null
        or orders.order_delivered_customer_date is not null as shipped,
        orders.order_approved_at is not null as approved
    from raw.orders
    left join paid on orders.order_id = paid.order_id
    left join scores on orders.order_id = scores.order_id
    where orders._until_batch_id is null

),

totals as (

    select
        count(*) as purchased,
        count(*) filter (where approved or shipped or delivered) as approved,
        count(*) filter (where shipped or delivered) as shipped,
        count(*) filter (where delivered) as delivered,
        count(*) filter (where delivered and reviewed) as reviewed,
        count(*) filter (where is_lost and not (approved or shipped or delivered)) as lost_2,
        count(*) filter (where is_lost and approved and not (shipped or delivered)) as lost_3,
        count(*) filter (where is_lost and shipped and not delivered) as lost_4,
        count(*) filter (where is_lost and delivered and not reviewed) as lost_5,
        coalesce(sum(paid) filter (where not (approved or shipped or delivered)), 0) as paid_2,
        coalesce(sum(paid) filter (where approved and not (shipped or delivered)), 0) as paid_3,
        coalesce(sum(paid) filter (where shipped and not delivered), 0) as paid_4,
        coalesce(sum(paid) filter (where delivered and not reviewed), 0) as paid_5
    from orders

),

steps as (

    select
        named.*,
        totals.purchased
    from totals
    cross join
        lateral (
            values
            (1, 'purchased', purchased, null, 0, 0),
            (2, 'approved', approved, purchased, lost_2, paid_2),
            (3, 'shipped', shipped, approved, lost_3, paid_3),
            (4, 'delivered', delivered, shipped, lost_4, paid_4),
            (5, 'reviewed', reviewed, delivered, lost_5, paid_5)
        ) as named (number, step, orders, before, lost, paid)

)

select
    step,
    orders,
    coalesce(before - orders, 0) as stopped_before,
    lost as lost_orders,
    paid as stopped_payments,
    round(100.0 * orders / purchased, 2) as percent_of_all,
    round(100.0 * orders / before, 2) as percent_of_step_before
from steps
order by number
