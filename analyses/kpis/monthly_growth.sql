-- How does revenue grow: month on month, year on year, year to date? Grain: month, from the first
-- purchase to the last, including months without an order.
-- Trap: the previous month is that of the calendar, not the last one with orders; and months with
-- few days of sales make growth meaningless (see days_with_orders). Orders without a line are not
-- counted, as in monthly_revenue.
with

sales as (

    select
        purchased_date_key,
        count(*) filter (where item_count > 0) as orders_with_items,
        sum(items_value) as revenue
    from {{ ref('fct_orders') }}
    where purchased_date_key <> -1
    group by purchased_date_key

),

bounds as (

    select
        min(dim_dates.year_month) as first_month,
        max(dim_dates.year_month) as last_month
    from {{ ref('dim_dates') }} as dim_dates
    inner join sales
        on dim_dates.date_key = sales.purchased_date_key

),

months as (

    select
        dim_dates.year_month,
        dim_dates.year as calendar_year,
        count(sales.purchased_date_key) as days_with_orders,
        coalesce(sum(sales.orders_with_items), 0) as orders_with_items,
        coalesce(sum(sales.revenue), 0.00) as revenue
    from {{ ref('dim_dates') }} as dim_dates
    left join sales
        on dim_dates.date_key = sales.purchased_date_key
    cross join bounds
    where dim_dates.year_month between bounds.first_month and bounds.last_month
    group by dim_dates.year_month, dim_dates.year

)

select
    year_month,
    days_with_orders,
    orders_with_items,
    revenue,
    round(100 * orders_with_items / nullif(lag(orders_with_items) over by_month, 0) - 100, 1)
        as orders_with_items_growth_percent,
    round(100 * revenue / nullif(lag(revenue) over by_month, 0) - 100, 1) as growth_percent,
    round(100 * revenue / nullif(lag(revenue, 12) over by_month, 0) - 100, 1)
        as growth_yoy_percent,
    sum(revenue) over (partition by calendar_year order by year_month) as revenue_in_year_so_far
from months
window by_month as (order by year_month)
order by year_month
