with

payment_types as (

    select
        payment_type,
        payment_type_name
    from {{ ref('payment_types') }}

),

order_payments as (

    select distinct payment_type
    from {{ ref('stg_olist__order_payments') }}
    where payment_type is not null

),

-- A type that was paid with and that the seed does not have is an inferred member.
members as (

    select
        coalesce(payment_types.payment_type, order_payments.payment_type) as payment_type,
        coalesce(payment_types.payment_type_name, order_payments.payment_type)
            as payment_type_name,
        payment_types.payment_type is null as is_inferred
    from payment_types
    full outer join order_payments
        on payment_types.payment_type = order_payments.payment_type

    union all

    select
        null as payment_type,
        'Unknown' as payment_type_name,
        false as is_inferred

),

final as (

    select
        ---------- primary key
        {{ dimension_key('payment_type') }} as payment_type_key,

        ---------- natural key
        coalesce(payment_type, 'unknown') as payment_type,

        ---------- label
        payment_type_name,

        ---------- audit
        is_inferred
    from members

)

select * from final
