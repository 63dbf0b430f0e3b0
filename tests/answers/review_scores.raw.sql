with

reviews as (

    select distinct on (order_id)
        review_score::integer as score,
        nullif(btrim(review_comment_title, E' \t\r\n'), '') is not null
        or nullif(btrim(review_comment_message, E' \t\r\n'), '') is not null as has_comment,
        round(
            extract(
                epoch from review_answer_timestamp::timestamp - review_creation_date::timestamp
            ) / 3600, 2
        ) as hours
    from raw.order_reviews
    where _until_batch_id is null
    order by
        order_id,
        review_answer_timestamp::timestamp desc nulls last,
        review_creation_date::timestamp desc nulls last,
        review_id desc

)

select
    score as review_score,
    count(*) as reviews,
    round(100.0 * count(*) / (select count(score) from reviews), 2) as reviews_percent,
    round(100.0 * sum(has_comment::integer) / count(*), 1) as with_comment_percent,
    round(avg(hours), 1) as average_hours_to_answer,
    round((percentile_cont(0.5) within group (order by hours))::numeric, 1)
        as median_hours_to_answer,
    round((percentile_cont(0.9) within group (order by hours))::numeric, 1)
        as p90_hours_to_answer
from reviews
where score is not null
group by score
order by score desc
