with

orders as (

    select
        left(orders.order_purchase_timestamp, 7) as month,
        btrim(orders.order_status) as status,
        orders.order_delivered_carrier_date is not null as was_shipped,
        coalesce(
            (
                select sum(order_payments.payment_value::numeric(12, 2)) from raw.order_payments
                where
                    order_payments.order_id = orders.order_id
                    and order_payments._until_batch_id is null
            ), 0
        ) as paid
    from raw.orders
    where orders._until_batch_id is null and orders.order_purchase_timestamp is not null

),

months as (

    select
        month,
        count(*) as orders,
        sum((status = 'canceled')::integer) as canceled_orders,
        sum((status = 'unavailable')::integer) as unavailable_orders,
        sum((status = 'canceled' and was_shipped)::integer) as canceled_after_shipping,
        sum(case when status in ('canceled', 'unavailable') then paid else 0 end) as lost,
        sum(paid) as paid
    from orders
    group by month

)

select
    month as year_month,
    orders,
    canceled_orders,
    unavailable_orders,
    round(1.0 * (canceled_orders + unavailable_orders) / orders, 4) as lost_share,
    canceled_after_shipping,
    lost as lost_payments,
    round(lost / nullif(paid, 0), 4) as lost_payments_share
from months
order by month
