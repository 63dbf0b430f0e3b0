with

source as (

    select * from {{ source('olist', 'sellers') }}

),

renamed as (

    select
        ---------- ids
        seller_id,

        ---------- strings
        {{ trimmed('seller_zip_code_prefix') }} as zip_code_prefix,
        {{ trimmed('seller_city') }} as city,
        {{ trimmed('seller_state') }} as state_code,

        ---------- booleans
        _deleted_at is not null as is_removed,

        ---------- audit
        _batch_id,
        _loaded_at
    from source

)

select * from renamed
