-- A day's key, names and flags are those that the engine's own calendar gives, and a holiday is
-- a row of the seed: every chart by month or weekday leans on them.
select dim_dates.*
from {{ ref('dim_dates') }} as dim_dates
left join {{ ref('holidays') }} as holidays
    on dim_dates.date_day = holidays.holiday_on
where
    dim_dates.date_day is not null
    and (
        dim_dates.date_key <> cast({{ day_as_text('dim_dates.date_day', 'YYYYMMDD') }} as integer)
        or dim_dates.year <> cast({{ day_as_text('dim_dates.date_day', 'YYYY') }} as integer)
        or dim_dates.quarter <> cast({{ day_as_text('dim_dates.date_day', 'Q') }} as integer)
        or dim_dates.month <> cast({{ day_as_text('dim_dates.date_day', 'MM') }} as integer)
        or dim_dates.month_name <> {{ day_as_text('dim_dates.date_day', 'FMMonth') }}
        or dim_dates.year_month <> {{ day_as_text('dim_dates.date_day', 'YYYY-MM') }}
        or dim_dates.week_of_year <> cast({{ day_as_text('dim_dates.date_day', 'IW') }} as integer)
        or dim_dates.day_of_week <> cast({{ day_as_text('dim_dates.date_day', 'ID') }} as integer)
        or dim_dates.day_name <> {{ day_as_text('dim_dates.date_day', 'FMDay') }}
        or dim_dates.is_weekend <> ({{ day_as_text('dim_dates.date_day', 'ID') }} in ('6', '7'))
        or dim_dates.is_holiday <> (holidays.holiday_on is not null)
        or dim_dates.holiday_name is distinct from holidays.holiday_name
    )
