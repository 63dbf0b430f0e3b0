-- What is the status of the orders, and what are they worth? Grain: order status.
-- Trap: a status is the last one reported: an order that has been on the way for a year is still
-- `shipped`. Canceled and unavailable orders often have no line, but were paid.
with

orders as (

    select
        order_status,
        item_count,
        items_value,
        payments_value,
        cast(purchased_at as date) as purchased_on,
        max(cast(purchased_at as date)) over () as newest_on
    from {{ ref('fct_orders') }}

)

select
    order_status,
    count(*) as orders,
    round(100.0 * count(*) / sum(count(*)) over (), 2) as orders_percent,
    count(*) filter (where item_count = 0) as orders_without_line,
    sum(items_value) as revenue,
    sum(payments_value) as paid,
    min(purchased_on) as oldest_purchase_on,
    max(purchased_on) as newest_purchase_on,
    round(avg(newest_on - purchased_on)) as average_days_since_purchase
from orders
group by order_status
order by orders desc, order_status asc
