-- Each payment of staging is in fct_payments once and as staging has it now: values, and the key of
-- its type. (Its other keys: assert_orders_and_their_rows_agree.)
with

payments as (

    select
        payment_key,
        order_id,
        payment_sequential,
        payment_type,
        installments,
        payment_value,
        _batch_id
    from {{ ref('stg_olist__order_payments') }}
    where {{ changed_orders_only('order_id') }}

),

facts as (

    select * from {{ ref('fct_payments') }}
    where {{ changed_orders_only('order_id') }}

),

compared as (

    select
        facts.payment_key as fact_key,
        payments.payment_key as staging_key,
        (
            facts.order_id <> payments.order_id
            or facts.payment_sequential is distinct from payments.payment_sequential
            or facts.installments is distinct from payments.installments
            or facts.payment_value is distinct from payments.payment_value
            or facts.payment_type_key <> {{ dimension_key('payments.payment_type') }}
        ) as has_other_values,
        facts._batch_id < payments._batch_id as is_out_of_date
    from facts
    full outer join payments
        on facts.payment_key = payments.payment_key

)

select *
from compared
where
    fact_key is null
    or staging_key is null
    or has_other_values
    or is_out_of_date
