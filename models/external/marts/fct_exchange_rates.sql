with

-- date_spine leaves its end out, so it is given the day after the calendar's last.
days as (

    {{ dbt_utils.date_spine("day", calendar_start(), calendar_end()) }}

),

calendar as (

    select cast(date_day as date) as date_day
    from days

),

exchange_rates as (

    select
        exchange_rate_key,
        rated_on,
        rate,
        _batch_id
    from {{ ref('stg_external__exchange_rates') }}
    where base_currency = 'BRL' and currency = 'USD' and rate > 0

),

-- A rate holds until the next one: over weekends and holidays.
periods as (

    select
        rated_on,
        rate,
        _batch_id,
        lead(rated_on) over (order by rated_on, exchange_rate_key) as next_rated_on
    from exchange_rates

),

final as (

    select
        ---------- primary key
        {{ date_key('calendar.date_day') }} as date_key,

        ---------- dates
        calendar.date_day,
        periods.rated_on,

        ---------- measures
        periods.rate as usd_per_brl,

        ---------- audit
        {{ newest_batch(['periods._batch_id']) }} as _batch_id
    from calendar
    left join periods
        on
            calendar.date_day >= periods.rated_on
            and (calendar.date_day < periods.next_rated_on or periods.next_rated_on is null)

)

select * from final
