select
    rpt_daily_sales.date_day,
    rpt_daily_sales.day_name,
    rpt_daily_sales.orders_with_items,
    rpt_daily_sales.item_count,
    rpt_daily_sales.revenue,
    rpt_daily_sales.freight_value,
    rpt_daily_sales.average_revenue_7_days,
    round(
        100 * (rpt_daily_sales.revenue_7_days - week_before.revenue_7_days)
        / nullif(week_before.revenue_7_days, 0), 1
    ) as week_growth_percent
from {{ report('rpt_daily_sales') }}
left join (
    select
        date_day + 7 as date_day,
        revenue_7_days
    from {{ report('rpt_daily_sales') }}
) as week_before on rpt_daily_sales.date_day = week_before.date_day
order by rpt_daily_sales.date_day desc
