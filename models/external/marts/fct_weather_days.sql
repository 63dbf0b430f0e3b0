with

weather as (

    select
        weather_day_key,
        state_code,
        precipitation_mm,
        temperature_max_c,
        temperature_min_c,
        weather_on,
        _batch_id
    from {{ ref('stg_external__weather') }}
    where state_code is not null and weather_on is not null

),

-- A state and a day may be written in more than one way.
weather_ranked as (

    select
        *,
        row_number() over (
            partition by state_code, weather_on
            order by _batch_id desc, weather_day_key asc
        ) as weather_rank
    from weather

),

state_capitals as (

    select
        state_code,
        capital
    from {{ ref('state_capitals') }}

),

final as (

    select
        ---------- primary key
        weather.weather_day_key,

        ---------- dates
        {{ date_key('weather.weather_on') }} as weather_date_key,

        ---------- degenerate dimensions
        weather.state_code,
        coalesce(state_capitals.capital, 'unknown') as capital,
        weather.weather_on,

        ---------- measures
        weather.precipitation_mm,
        weather.temperature_max_c,
        weather.temperature_min_c,

        ---------- audit
        weather._batch_id
    from weather_ranked as weather
    left join state_capitals
        on weather.state_code = state_capitals.state_code
    where weather.weather_rank = 1

)

select * from final
