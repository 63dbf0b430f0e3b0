-- Each payment of staging is in fct_payments once and as staging has it: values, the key of its
-- type, and the newest batch among the rows that it is made from now.
with

-- each column is a cast or a hash, which is computed once
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
    {{ kept_apart() }}

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
        ) as has_other_values,
        (
            facts.payment_type_key <> {{ dimension_key('payments.payment_type') }}
        ) as has_other_keys,
        (
            facts._batch_id <> {{ newest_batch([
                'payments._batch_id', 'orders._batch_id', 'customers._batch_id',
            ]) }}
        ) as is_out_of_date
    from {{ ref('fct_payments') }} as facts
    full outer join payments
        on facts.payment_key = payments.payment_key
    left join {{ ref('stg_olist__orders') }} as orders
        on payments.order_id = orders.order_id
    left join {{ ref('stg_olist__customers') }} as customers
        on orders.customer_id = customers.customer_id

)

select *
from compared
where
    fact_key is null
    or staging_key is null
    or has_other_values
    or has_other_keys
    or is_out_of_date
