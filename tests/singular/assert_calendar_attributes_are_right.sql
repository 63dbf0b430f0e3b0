-- The calendar has every day from the first to the last, and a day's key, names and flags are those
-- that the engine's own calendar gives; a holiday is a row of the seed. Every chart by date leans
-- on it.
with

days as (

    select
        dim_dates.*,
        holidays.holiday_on as day_of_holiday,
        holidays.holiday_name as name_of_holiday,
        count(*) over () as day_count
    from {{ ref('dim_dates') }} as dim_dates
    left join {{ ref('holidays') }} as holidays
        on dim_dates.date_day = holidays.holiday_on
    where dim_dates.date_key <> -1

)

select *
from days
where
    date_day is null
    or date_day < {{ calendar_start() }}
    or date_day >= {{ calendar_end() }}
    or day_count <> {{ dbt.datediff(calendar_start(), calendar_end(), 'day') }}
    or is_holiday is distinct from (day_of_holiday is not null)
    or holiday_name is distinct from name_of_holiday
    or is_weekend is distinct from ({{ day_as_text('date_day', 'ID') }} in ('6', '7'))
    {%- for column, format in {
        "month_name": "FMMonth",
        "year_month": "YYYY-MM",
        "day_name": "FMDay",
    }.items() %}
    or {{ column }} is distinct from {{ day_as_text('date_day', format) }}
    {%- endfor %}
    {%- for column, format in {
        "date_key": "YYYYMMDD",
        "year": "YYYY",
        "quarter": "Q",
        "month": "MM",
        "week_of_year": "IW",
        "day_of_week": "ID",
    }.items() %}
    or {{ column }} is distinct from cast({{ day_as_text('date_day', format) }} as integer)
    {%- endfor %}
