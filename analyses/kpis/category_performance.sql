-- Which categories sell most, and from how many sellers? Grain: category.
-- Trap: an order with lines of two categories counts in both, so orders do not add up over
-- categories; lines and amounts do. Freight is a fraction of price plus freight.
select
    category_name,
    orders,
    line_count,
    products,
    sellers,
    revenue,
    revenue_percent,
    average_price,
    freight_share,
    round(
        100 * sum(revenue) over (order by revenue desc, category_name asc)
        / nullif(sum(revenue) over (), 0), 2
    ) as cumulative_percent
from {{ ref('rpt_category_performance') }}
order by revenue desc, category_name asc
