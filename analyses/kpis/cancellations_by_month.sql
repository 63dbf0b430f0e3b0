-- How many orders of each month were canceled or unavailable, and how much had been paid for them?
-- Grain: month of purchase.
-- Trap: the source does not record when an order was canceled: the month is that of the purchase.
-- Most of these orders have no line, so their price is unknown and the loss is the amount paid.
select
    dim_dates.year_month,
    count(*) as orders,
    count(*) filter (where fct_orders.order_status = 'canceled') as canceled_orders,
    count(*) filter (where fct_orders.order_status = 'unavailable') as unavailable_orders,
    round(
        1.0 * count(*) filter (where fct_orders.order_status in ('canceled', 'unavailable'))
        / count(*), 4
    ) as lost_share,
    count(*) filter (
        where fct_orders.order_status = 'canceled' and fct_orders.shipped_at is not null
    ) as canceled_after_shipping,
    coalesce(
        sum(fct_orders.payments_value)
        filter (where fct_orders.order_status in ('canceled', 'unavailable')), 0.00
    ) as lost_payments,
    round(
        coalesce(
            sum(fct_orders.payments_value)
            filter (where fct_orders.order_status in ('canceled', 'unavailable')), 0.00
        ) / nullif(sum(fct_orders.payments_value), 0), 4
    ) as lost_payments_share
from {{ ref('fct_orders') }} as fct_orders
inner join {{ ref('dim_dates') }} as dim_dates
    on fct_orders.purchased_date_key = dim_dates.date_key
where dim_dates.date_key <> -1
group by dim_dates.year_month
order by dim_dates.year_month
