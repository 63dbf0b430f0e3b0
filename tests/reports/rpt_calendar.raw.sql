select
    to_char(day, 'YYYYMMDD')::integer as date_key,
    day::date as date_day,
    extract(isodow from day)::integer as day_of_week,
    to_char(day, 'FMDay') as day_name,
    extract(isodow from day) >= 6 as is_weekend,
    extract(week from day)::integer as week_of_year,
    extract(isoyear from day)::integer as iso_year,
    (day - (extract(isodow from day)::integer - 1) * interval '1 day')::date as week_starts_on,
    extract(month from day)::integer as month,
    to_char(day, 'FMMonth') as month_name,
    (day - (extract(day from day)::integer - 1) * interval '1 day')::date as month_starts_on,
    extract(quarter from day)::integer as quarter,
    extract(year from day)::integer as year,
    to_char(day, 'YYYY-MM') as year_month,
    to_char(day, 'YYYY-"Q"Q') as year_quarter,
    holidays.holiday_on is not null as is_holiday,
    holidays.holiday_name
from generate_series(timestamp '2016-01-01', '2020-12-31', '1 day') as day
left join seeds.holidays on day = holidays.holiday_on
