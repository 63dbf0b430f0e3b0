-- Each review of staging is in fct_reviews once and as staging has it now: values, the days of its
-- date keys, and its lag to the hundredth of an hour. (Its other keys:
-- assert_orders_and_their_rows_agree.)
with

reviews as (

    select
        review_key,
        review_id,
        order_id,
        review_score,
        created_at,
        answered_at,
        _batch_id
    from {{ ref('stg_olist__order_reviews') }}
    where {{ changed_orders_only('order_id') }}

),

facts as (

    select * from {{ ref('fct_reviews') }}
    where {{ changed_orders_only('order_id') }}

),

compared as (

    select
        facts.review_key as fact_key,
        reviews.review_key as staging_key,
        (
            facts.review_id <> reviews.review_id
            or facts.order_id <> reviews.order_id
            or facts.review_score is distinct from reviews.review_score
        ) as has_other_values,
        (
            facts.created_date_key <> {{ date_key('reviews.created_at') }}
            or facts.answered_date_key <> {{ date_key('reviews.answered_at') }}
        ) as has_other_dates,
        (
            (facts.hours_to_answer is null)
            <> (reviews.created_at is null or reviews.answered_at is null)
            or abs(
                facts.hours_to_answer
                - {{ seconds_between('reviews.created_at', 'reviews.answered_at') }} / 3600
            ) > 0.01
        ) as has_another_lag,
        facts._batch_id < reviews._batch_id as is_out_of_date
    from facts
    full outer join reviews
        on facts.review_key = reviews.review_key

)

select *
from compared
where
    fact_key is null
    or staging_key is null
    or has_other_values
    or has_other_dates
    or has_another_lag
    or is_out_of_date
