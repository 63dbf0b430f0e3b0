with

source as (

    select * from {{ source('olist', 'customers') }}

),

renamed as (

    select
        ---------- ids
        customer_id,
        customer_unique_id,

        ---------- strings
        {{ trimmed('customer_zip_code_prefix') }} as zip_code_prefix,
        {{ trimmed('customer_city') }} as city,
        {{ trimmed('customer_state') }} as state_code,

        ---------- booleans
        _deleted_at is not null as is_removed,

        ---------- audit
        _batch_id,
        _loaded_at
    from source

)

select * from renamed
