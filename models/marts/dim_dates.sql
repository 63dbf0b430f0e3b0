with

-- date_spine leaves its end out, so it is given the day after the calendar's last.
days as (

    {{ dbt_utils.date_spine("day", calendar_start(), calendar_end()) }}

),

holidays as (

    select
        holiday_on,
        holiday_name
    from {{ ref('holidays') }}

),

calendar as (

    select cast(date_day as date) as date_day
    from days

),

calendar_with_unknown as (

    select
        {{ date_key('date_day') }} as date_key,
        date_day
    from calendar

    union all

    select
        -1 as date_key,
        cast(null as date) as date_day

),

final as (

    select
        ---------- primary key
        calendar_with_unknown.date_key,

        ---------- day
        calendar_with_unknown.date_day,
        {{ iso_day_of_week('calendar_with_unknown.date_day') }} as day_of_week,
        coalesce({{ day_name('calendar_with_unknown.date_day') }}, 'unknown') as day_name,
        {{ iso_day_of_week('calendar_with_unknown.date_day') }} >= 6 as is_weekend,

        ---------- week, month, quarter, year
        {{ iso_week('calendar_with_unknown.date_day') }} as week_of_year,
        {{ iso_year('calendar_with_unknown.date_day') }} as iso_year,
        cast({{ dbt.date_trunc('week', 'calendar_with_unknown.date_day') }} as date)
            as week_starts_on,
        cast(extract(month from calendar_with_unknown.date_day) as integer) as month,
        coalesce({{ month_name('calendar_with_unknown.date_day') }}, 'unknown') as month_name,
        cast({{ dbt.date_trunc('month', 'calendar_with_unknown.date_day') }} as date)
            as month_starts_on,
        cast(extract(quarter from calendar_with_unknown.date_day) as integer) as quarter,
        cast(extract(year from calendar_with_unknown.date_day) as integer) as year,
        coalesce(
            left(cast(calendar_with_unknown.date_day as {{ dbt.type_string() }}), 7),
            'unknown'
        ) as year_month,
        coalesce(
            {{ dbt.concat([
                "left(cast(calendar_with_unknown.date_day as " ~ dbt.type_string() ~ "), 4)",
                "'-Q'",
                "cast(cast(extract(quarter from calendar_with_unknown.date_day) as integer) as " ~ dbt.type_string() ~ ")",
            ]) }},
            'unknown'
        ) as year_quarter,

        ---------- national holidays of Brazil
        case
            when calendar_with_unknown.date_day is not null
                then holidays.holiday_on is not null
        end as is_holiday,
        case
            when calendar_with_unknown.date_day is null then 'unknown' else holidays.holiday_name
        end as holiday_name
    from calendar_with_unknown
    left join holidays
        on calendar_with_unknown.date_day = holidays.holiday_on

)

select * from final
