-- The review of each order: last answered, then last created, then the highest id.
select distinct on (order_id)
    order_id,
    review_score::integer as score
from raw.order_reviews
where _until_batch_id is null
order by
    order_id,
    review_answer_timestamp::timestamp desc nulls last,
    review_creation_date::timestamp desc nulls last,
    review_id desc
