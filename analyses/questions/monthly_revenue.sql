-- What did we sell each month, and how did it grow? Grain: month of purchase.
-- Trap: orders without a line (mostly canceled or unavailable) are not counted, because they have
-- no value to average; the first and last months of the data are incomplete; and growth is from
-- the previous calendar month, so it is null if that month has no order.
select
    year_month,
    orders_with_items,
    revenue,
    average_order_value,
    revenue_growth_percent
from {{ ref('rpt_monthly_sales') }}
where orders > 0
order by year_month
