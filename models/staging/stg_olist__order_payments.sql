{{ config(
    incremental_predicates=["{{ changed_rows_only('olist', 'order_payments', 'order_id') }}"],
    indexes=[{'columns': ['order_id']}],
) }}

with

source as (

    select * from {{ source('olist', 'order_payments') }}
    where
        {{ is_pinned() }}
        and {{ changed_rows_only('olist', 'order_payments', 'order_id') }}

),

renamed as (

    select
        ---------- ids; the key is of the text, so a number that cannot be cast has one too
        {{ dbt_utils.generate_surrogate_key(['order_id', 'payment_sequential']) }} as payment_key,
        order_id,
        {{ try_cast('payment_sequential', 'integer') }} as payment_sequential,

        ---------- strings
        {{ trimmed('payment_type') }} as payment_type,

        ---------- numerics
        {{ try_cast('payment_installments', 'integer') }} as installments,
        {{ try_cast('payment_value', 'numeric(12, 2)') }} as payment_value,

        ---------- audit
        _batch_id,
        _loaded_at
    from source

)

select * from renamed
