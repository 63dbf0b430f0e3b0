with

source as (

    select * from {{ source('external', 'exchange_rates') }}
    where {{ is_pinned() }}

),

renamed as (

    select
        ---------- ids; the key is of the text, so a day that cannot be cast has one too
        {{ dbt_utils.generate_surrogate_key(['date', 'base', 'currency']) }} as exchange_rate_key,

        ---------- strings
        {{ trimmed('base') }} as base_currency,
        {{ trimmed('currency') }} as currency,

        ---------- numerics
        {{ try_cast('rate', 'numeric(18, 8)') }} as rate,

        ---------- dates
        cast({{ try_cast('date', 'timestamp') }} as date) as rated_on,

        ---------- audit
        _batch_id,
        _loaded_at
    from source

)

select * from renamed
