-- Which twenty products sell most, and do their buyers like them? Grain: product.
-- Trap: the source has no quantity: three units are three lines of one order. The score is that of
-- the order, which counts once per product.
select
    product_id,
    category_name,
    orders,
    line_count,
    revenue,
    average_price,
    average_review_score,
    round(100 * revenue / nullif(sum(revenue) over (), 0), 2) as revenue_percent
from {{ ref('rpt_product_performance') }}
order by product_key = '-1' asc, revenue desc, product_id asc
limit 20
