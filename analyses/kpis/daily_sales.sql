-- What did we sell each day, and was the week better than the one before? Grain: day of purchase,
-- from the first to the last, including days without a sale; newest first.
-- Trap: an average per day needs the days without sales; weeks are compared because weekends are
-- weak; and an order without a line (mostly canceled or unavailable) is not a sale.
select
    date_day,
    day_name,
    orders_with_items,
    item_count,
    revenue,
    freight_value,
    average_revenue_7_days,
    round(
        100 * revenue_7_days / nullif(lag(revenue_7_days, 7) over (order by date_day), 0) - 100, 1
    ) as week_growth_percent
from {{ ref('rpt_daily_sales') }}
order by date_day desc
