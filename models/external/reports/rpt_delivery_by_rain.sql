with

fct_orders as (

    select
        customer_geography_key,
        delivered_date_key,
        is_late,
        days_to_deliver
    from {{ ref('fct_orders') }}
    where is_delivered

),

dim_geographies as (

    select
        geography_key,
        state_code
    from {{ ref('dim_geographies') }}

),

fct_weather_days as (

    select
        weather_date_key,
        state_code,
        precipitation_mm
    from {{ ref('fct_weather_days') }}
    where weather_date_key <> -1

),

deliveries as (

    select
        dim_geographies.state_code,
        fct_weather_days.precipitation_mm,
        fct_orders.is_late,
        fct_orders.days_to_deliver,
        case
            when fct_weather_days.precipitation_mm < 1 then 'dry'
            when fct_weather_days.precipitation_mm < 10 then '1 to 10 mm'
            when fct_weather_days.precipitation_mm < 20 then '10 to 20 mm'
            when fct_weather_days.precipitation_mm >= 20 then '20 mm or more'
            else 'unknown'
        end as rain_band
    from fct_orders
    inner join dim_geographies
        on fct_orders.customer_geography_key = dim_geographies.geography_key
    left join fct_weather_days
        on
            dim_geographies.state_code = fct_weather_days.state_code
            and fct_orders.delivered_date_key = fct_weather_days.weather_date_key

),

final as (

    select
        ---------- primary key
        {{ dbt_utils.generate_surrogate_key(['state_code', 'rain_band']) }} as state_rain_key,

        ---------- grain
        state_code,
        rain_band,

        ---------- measures that add up
        cast(count(*) as integer) as delivered_orders,
        cast(count(case when is_late then 1 end) as integer) as late_orders,

        ---------- averages and shares
        {{ share('count(case when is_late then 1 end)', 'count(is_late)') }} as late_share,
        {{ average('days_to_deliver', 'numeric(10, 2)', 2) }} as average_days,
        {{ average('precipitation_mm', 'numeric(8, 2)', 2) }} as average_precipitation_mm
    from deliveries
    group by state_code, rain_band

)

select * from final
