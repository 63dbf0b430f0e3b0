-- An order that has reviews has exactly one latest: fct_orders.review_score leans on it.
select
    order_id,
    count(*) as review_count,
    sum(case when is_latest_for_order then 1 else 0 end) as latest_count
from {{ ref('fct_reviews') }}
group by order_id
having sum(case when is_latest_for_order then 1 else 0 end) <> 1
