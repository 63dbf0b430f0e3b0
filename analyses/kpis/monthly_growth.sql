-- How does revenue grow: month on month, year on year, year to date? Grain: month, from the first
-- purchase to the last, including months without an order.
-- Trap: the previous month is that of the calendar, not the last one with orders; and months with
-- few days of sales make growth meaningless (see days_with_orders). Orders without a line are not
-- counted, as in monthly_revenue.
select
    year_month,
    days_with_orders,
    orders_with_items,
    revenue,
    revenue_growth_percent,
    revenue_growth_yoy_percent,
    round(
        100.0 * orders_with_items / nullif(lag(orders_with_items) over (order by year_month), 0)
        - 100, 1
    ) as orders_with_items_growth_percent,
    sum(revenue) over (partition by extract(year from month_starts_on) order by year_month)
        as revenue_in_year_so_far
from {{ ref('rpt_monthly_sales') }}
order by year_month
