with

months as (

    select *
    from {{ report('rpt_monthly_sales') }}

)

select
    here.year_month,
    here.days_with_orders,
    here.orders_with_items,
    here.revenue,
    here.revenue_growth_percent,
    here.revenue_growth_yoy_percent,
    round(
        100.0 * (here.orders_with_items - before.orders_with_items)
        / nullif(before.orders_with_items, 0), 1
    ) as orders_with_items_growth_percent,
    (
        select sum(so_far.revenue) from months as so_far
        where
            so_far.year_month <= here.year_month
            and left(so_far.year_month, 4) = left(here.year_month, 4)
    ) as revenue_in_year_so_far
from months as here
left join months as before
    on before.month_starts_on = (here.month_starts_on - interval '1 month')::date
order by here.year_month
