-- At which hours and on which weekdays do customers buy? Grain: hour of day; one column per
-- weekday.
-- Trap: hours are local time of the marketplace (Sao Paulo), also for buyers two hours west of it.
-- The data grows, so recent weeks weigh more.
with

purchases as (

    select
        cast(extract(hour from fct_orders.purchased_at) as integer) as hour_of_day,
        dim_dates.day_of_week
    from {{ ref('fct_orders') }} as fct_orders
    inner join {{ ref('dim_dates') }} as dim_dates
        on fct_orders.purchased_date_key = dim_dates.date_key
    where dim_dates.date_day is not null

)

select
    hour_of_day,
    count(*) filter (where day_of_week = 1) as monday,
    count(*) filter (where day_of_week = 2) as tuesday,
    count(*) filter (where day_of_week = 3) as wednesday,
    count(*) filter (where day_of_week = 4) as thursday,
    count(*) filter (where day_of_week = 5) as friday,
    count(*) filter (where day_of_week = 6) as saturday,
    count(*) filter (where day_of_week = 7) as sunday,
    count(*) as all_days,
    round(100.0 * count(*) / sum(count(*)) over (), 2) as percent_of_orders
from purchases
group by hour_of_day
order by hour_of_day
