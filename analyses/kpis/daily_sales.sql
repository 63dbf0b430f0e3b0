-- What did we sell each day, and was the week better than the one before? Grain: day of purchase,
-- from the first to the last, including days without a sale; newest first.
-- Trap: an average per day needs the days without sales; weeks are compared because weekends are
-- weak; and an order without a line (mostly canceled or unavailable) is not a sale.
with

sales as (

    select
        purchased_date_key,
        count(*) as orders_with_items,
        sum(item_count) as line_count,
        sum(items_value) as revenue,
        sum(freight_value) as freight
    from {{ ref('fct_orders') }}
    where purchased_date_key <> -1 and item_count > 0
    group by purchased_date_key

),

bounds as (

    select
        min(purchased_date_key) as first_key,
        max(purchased_date_key) as last_key
    from sales

),

days as (

    select
        dim_dates.date_day,
        dim_dates.day_name,
        coalesce(sales.orders_with_items, 0) as orders_with_items,
        coalesce(sales.line_count, 0) as line_count,
        coalesce(sales.revenue, 0.00) as revenue,
        coalesce(sales.freight, 0.00) as freight
    from {{ ref('dim_dates') }} as dim_dates
    left join sales
        on dim_dates.date_key = sales.purchased_date_key
    cross join bounds
    where dim_dates.date_key between bounds.first_key and bounds.last_key

),

days_with_weeks as (

    select
        *,
        count(*) over this_week as days_of_week,
        sum(revenue) over this_week as week_revenue,
        sum(revenue) over week_before as week_before_revenue,
        count(*) over week_before as days_of_week_before
    from days
    window
        this_week as (order by date_day rows between 6 preceding and current row),
        week_before as (order by date_day rows between 13 preceding and 7 preceding)

)

select
    date_day,
    day_name,
    orders_with_items,
    line_count,
    revenue,
    freight,
    case when days_of_week = 7 then round(week_revenue / 7, 2) end as average_of_7_days,
    case
        when days_of_week_before = 7
            then round(100 * week_revenue / nullif(week_before_revenue, 0) - 100, 1)
    end as week_growth_percent
from days_with_weeks
order by date_day desc
