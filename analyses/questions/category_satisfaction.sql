-- Which categories have the happiest buyers? Grain: category, in English where it has a
-- translation.
-- Trap: a review belongs to an order, not to a line. An order counts once in each of its
-- categories; joining reviews to lines would count it once per line.
select
    category_name,
    reviewed_orders,
    average_review_score,
    round(100.0 * negative_orders / reviewed_orders, 1) as negative_percent
from {{ ref('rpt_category_performance') }}
where reviewed_orders > 0
order by average_review_score desc, category_name asc
