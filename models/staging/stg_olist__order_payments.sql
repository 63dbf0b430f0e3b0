with

source as (

    select * from {{ source('olist', 'order_payments') }}

),

renamed as (

    select
        ---------- ids
        order_id,
        cast({{ trimmed('payment_sequential') }} as integer) as payment_sequential,

        ---------- strings
        {{ trimmed('payment_type') }} as payment_type,

        ---------- numerics
        cast({{ trimmed('payment_installments') }} as integer) as installments,
        cast({{ trimmed('payment_value') }} as numeric(12, 2)) as payment_value,

        ---------- audit
        _batch_id,
        _loaded_at
    from source
    where _deleted_at is null

)

select * from renamed
