select
    product_id,
    category_name,
    orders,
    line_count,
    revenue,
    average_price,
    average_review_score,
    round(
        100 * revenue / (
            select sum(price::numeric(12, 2)) from raw.order_items where _until_batch_id is null
        ), 2
    ) as revenue_percent
from {{ report('rpt_product_performance') }}
where product_id <> 'unknown'
order by revenue desc, product_id asc
limit 20
