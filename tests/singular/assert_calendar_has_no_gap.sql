-- A missing day would be a hole in every chart by date, and a date key that resolves nowhere.
select
    min(date_day) as first_day,
    max(date_day) as last_day,
    count(date_day) as day_count
from {{ ref('dim_dates') }}
having
    min(date_day) <> {{ calendar_start() }}
    or max(date_day) <> cast('{{ var("calendar_ends_on") }}' as date)
    or count(date_day) <> {{ dbt.datediff('min(date_day)', 'max(date_day)', 'day') }} + 1
