with

source as (

    select * from {{ source('external', 'weather') }}
    where {{ is_pinned() }}

),

renamed as (

    select
        ---------- ids; the key is of the text, so a day that cannot be cast has one too
        {{ dbt_utils.generate_surrogate_key(['date', 'state_code']) }} as weather_day_key,

        ---------- strings
        {{ trimmed('state_code') }} as state_code,

        ---------- numerics
        {{ try_cast('precipitation_mm', 'numeric(8, 2)') }} as precipitation_mm,
        {{ try_cast('temperature_max_c', 'numeric(5, 2)') }} as temperature_max_c,
        {{ try_cast('temperature_min_c', 'numeric(5, 2)') }} as temperature_min_c,

        ---------- dates
        cast({{ try_cast('date', 'timestamp') }} as date) as weather_on,

        ---------- audit
        _batch_id,
        _loaded_at
    from source

)

select * from renamed
