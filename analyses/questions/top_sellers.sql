-- Which twenty sellers sell most, what share of the total, and are their buyers happy? Grain:
-- seller.
-- Trap: an order may have several sellers, so orders of sellers do not add up; an order counts
-- once in a seller's score; and lines of unknown sellers are part of the total, though not a
-- seller.
select
    seller_id,
    city,
    state_code,
    orders,
    line_count,
    revenue,
    revenue_percent,
    average_review_score
from {{ ref('rpt_seller_scorecard') }}
where seller_key <> '-1'
order by revenue desc, seller_id asc
limit 20
