-- Each review of staging is in fct_reviews once and as staging has it: values, the days of its date
-- keys, its lag to the hundredth of an hour, and the newest batch among the rows that it is made
-- from now. Which review is the latest depends on all reviews of the order, so their batches count.
with

newest_reviews as (

    select
        order_id,
        max(_batch_id) as _batch_id
    from {{ ref('stg_olist__order_reviews') }}
    group by order_id

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
            facts.created_date_key <> coalesce(created_days.date_key, -1)
            or facts.answered_date_key <> coalesce(answered_days.date_key, -1)
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
                'newest_reviews._batch_id', 'orders._batch_id', 'customers._batch_id',
            ]) }}
        ) as is_out_of_date
    from {{ ref('fct_reviews') }} as facts
    full outer join {{ ref('stg_olist__order_reviews') }} as reviews
        on facts.review_key = reviews.review_key
    left join newest_reviews
        on reviews.order_id = newest_reviews.order_id
    left join {{ ref('stg_olist__orders') }} as orders
        on reviews.order_id = orders.order_id
    left join {{ ref('stg_olist__customers') }} as customers
        on orders.customer_id = customers.customer_id
    left join {{ ref('dim_dates') }} as created_days
        on cast(reviews.created_at as date) = created_days.date_day
    left join {{ ref('dim_dates') }} as answered_days
        on cast(reviews.answered_at as date) = answered_days.date_day

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
