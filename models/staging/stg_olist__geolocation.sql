with

source as (

    select * from {{ source('olist', 'geolocation') }}
    where {{ is_pinned() }}

),

renamed as (

    select
        ---------- strings
        {{ try_cast('geolocation_zip_code_prefix', 'zip_code_prefix') }} as zip_code_prefix,
        {{ trimmed('geolocation_city') }} as city,
        {{ trimmed('geolocation_state') }} as state_code,

        ---------- numerics
        {{ try_cast('geolocation_lat', 'numeric(18, 14)') }} as latitude,
        {{ try_cast('geolocation_lng', 'numeric(18, 14)') }} as longitude,

        ---------- audit
        _batch_id,
        _loaded_at
    from source

)

select * from renamed
