-- Each review of staging is in fct_reviews once and as staging has it: values, the days of its date
-- keys, its lag to the hundredth of an hour, and the newest batch among the rows that it is made
-- from now. Which review is the latest depends on all reviews of the order, so their batches count.
with

-- each column is a cast or a hash, which is computed once
reviews as (

    select
        review_key,
        review_id,
        order_id,
        review_score,
        created_at,
        answered_at,
        max(_batch_id) over (partition by order_id) as newest_batch_id
    from {{ ref('stg_olist__order_reviews') }}
    {{ kept_apart() }}

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
        (
            facts._batch_id <> {{ newest_batch([
                'reviews.newest_batch_id', 'orders._batch_id', 'customers._batch_id',
            ]) }}
        ) as is_out_of_date
    from {{ ref('fct_reviews') }} as facts
    full outer join reviews
        on facts.review_key = reviews.review_key
    left join {{ ref('stg_olist__orders') }} as orders
        on reviews.order_id = orders.order_id
    left join {{ ref('stg_olist__customers') }} as customers
        on orders.customer_id = customers.customer_id

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
