-- What did we sell each month, and how did it grow? Grain: month of purchase.
-- Trap: orders without a line (cancelled, mostly) have no value, so they are not in the average; the
-- first and last months of the data are not whole.
select
    dim_dates.year_month,
    count(*) filter (where fct_orders.item_count > 0) as orders,
    sum(fct_orders.items_value) as revenue,
    round(
        sum(fct_orders.items_value)
        / nullif(count(*) filter (where fct_orders.item_count > 0), 0), 2
    ) as average_order_value,
    round(
        100 * sum(fct_orders.items_value)
        / nullif(lag(sum(fct_orders.items_value)) over (order by dim_dates.year_month), 0) - 100, 1
    ) as growth_percent
from marts.fct_orders
inner join marts.dim_dates
    on fct_orders.purchased_date_key = dim_dates.date_key
where dim_dates.year_month is not null
group by dim_dates.year_month
order by dim_dates.year_month
