with

categories as (

    select *
    from {{ report('rpt_category_performance') }}

)

select
    here.category_name,
    here.orders,
    here.line_count,
    here.products,
    here.sellers,
    here.revenue,
    here.revenue_percent,
    here.average_price,
    here.freight_share,
    round(
        100 * (
            select sum(better.revenue) from categories as better
            where
                better.revenue > here.revenue
                or (better.revenue = here.revenue and better.category_name <= here.category_name)
        ) / (select sum(revenue) from categories), 2
    ) as cumulative_percent
from categories as here
order by here.revenue desc, here.category_name asc
