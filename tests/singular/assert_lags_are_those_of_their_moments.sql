-- Days and hours are the time between the two moments that their name says, to the hundredth:
-- delivery reports average them.
with

lags as (

    {%- for column, moment, seconds in [
        ("hours_to_approve", "approved_at", 3600),
        ("days_to_ship", "shipped_at", 86400),
        ("days_to_deliver", "delivered_at", 86400),
    ] %}

    select
        'fct_orders.{{ column }}' as fact_column,
        order_id as row_key,
        {{ column }} as lag,
        {{ seconds_between('purchased_at', moment) }} / {{ seconds }} as expected_lag
    from {{ ref('fct_orders') }}

    union all
    {%- endfor %}

    select
        'fct_reviews.hours_to_answer' as fact_column,
        fct_reviews.review_key as row_key,
        fct_reviews.hours_to_answer as lag,
        {{ seconds_between('reviews.created_at', 'reviews.answered_at') }} / 3600 as expected_lag
    from {{ ref('fct_reviews') }} as fct_reviews
    inner join {{ ref('stg_olist__order_reviews') }} as reviews
        on fct_reviews.review_key = reviews.review_key

)

select *
from lags
where
    (lag is null) <> (expected_lag is null)
    or abs(lag - expected_lag) > 0.01
