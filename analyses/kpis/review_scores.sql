-- How do customers score their orders, do they comment, and how long do they take? Grain: score.
-- Trap: an order may have several reviews, of which the latest counts; the creation of a review
-- has no time of day, so hours begin at midnight.
select
    review_score,
    count(*) as reviews,
    round(100.0 * count(*) / sum(count(*)) over (), 2) as reviews_percent,
    round(100.0 * count(*) filter (where has_comment) / count(*), 1) as with_comment_percent,
    round(avg(hours_to_answer), 1) as average_hours_to_answer,
    round(cast(percentile_cont(0.5) within group (order by hours_to_answer) as numeric), 1)
        as median_hours_to_answer,
    round(cast(percentile_cont(0.9) within group (order by hours_to_answer) as numeric), 1)
        as p90_hours_to_answer
from {{ ref('fct_reviews') }}
where is_latest_for_order and review_score is not null
group by review_score
order by review_score desc
