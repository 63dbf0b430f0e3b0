-- Each date key of fct_orders is the day of its moment, or -1 outside the calendar, and days and
-- hours are the time between the two moments that their name says, to the hundredth: charts by date
-- and delivery reports lean on them. (Those of lines and reviews:
-- assert_<fact>_match_staging.)
with

orders as (

    select * from {{ ref('fct_orders') }}
    where {{ changed_orders_only('order_id') }}

)

select *
from orders
where
    false
    {%- for date_key, moment in {
        "purchased_date_key": "purchased_at",
        "approved_date_key": "approved_at",
        "shipped_date_key": "shipped_at",
        "delivered_date_key": "delivered_at",
        "estimated_delivery_date_key": "estimated_delivery_on",
    }.items() %}
    or {{ date_key }} <> case
        when {{ moment }} >= {{ calendar_start() }} and {{ moment }} < {{ calendar_end() }}
            then cast({{ day_as_text(moment, 'YYYYMMDD') }} as integer)
        else -1
    end
    {%- endfor %}
    {%- for lag, moment, seconds in [
        ("hours_to_approve", "approved_at", 3600),
        ("days_to_ship", "shipped_at", 86400),
        ("days_to_deliver", "delivered_at", 86400),
    ] %}
    or ({{ lag }} is null) <> (purchased_at is null or {{ moment }} is null)
    or abs({{ lag }} - {{ seconds_between('purchased_at', moment) }} / {{ seconds }}) > 0.01
    {%- endfor %}
