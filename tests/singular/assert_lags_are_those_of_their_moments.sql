-- Days and hours are the time between the two moments that their name says, to the hundredth:
-- delivery reports average them. (That of a review: assert_reviews_are_what_staging_says.)
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

    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

)

select *
from lags
where
    (lag is null) <> (expected_lag is null)
    or abs(lag - expected_lag) > 0.01
