-- What did we sell each month, and how did it grow? Grain: month of purchase.
-- Trap: orders without a line (mostly canceled or unavailable) are not counted, because they have
-- no value to average; the first and last months of the data are incomplete; and growth is from
-- the previous calendar month, so it is null if that month has no order.
with

months as (

    select
        dim_dates.year_month,
        min(dim_dates.year * 12 + dim_dates.month) as month_number,
        count(*) filter (where fct_orders.item_count > 0) as orders_with_items,
        sum(fct_orders.items_value) as revenue
    from {{ ref('fct_orders') }}
    inner join {{ ref('dim_dates') }}
        on fct_orders.purchased_date_key = dim_dates.date_key
    where dim_dates.date_key <> -1
    group by dim_dates.year_month

)

select
    months.year_month,
    months.orders_with_items,
    months.revenue,
    round(months.revenue / nullif(months.orders_with_items, 0), 2) as average_order_value,
    round(100 * months.revenue / nullif(month_before.revenue, 0) - 100, 1) as growth_percent
from months
left join months as month_before
    on months.month_number = month_before.month_number + 1
order by months.year_month
