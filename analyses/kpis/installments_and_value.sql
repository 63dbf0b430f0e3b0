-- Do customers pay expensive orders in more installments? Grain: number of installments of a
-- credit card payment.
-- Trap: all other payment types have one installment, which would make one installment look cheap;
-- a few card payments have none, which is a gap in the source.
with

card_payments as (

    select
        fct_payments.installments,
        fct_payments.payment_value
    from {{ ref('fct_payments') }} as fct_payments
    inner join {{ ref('dim_payment_types') }} as dim_payment_types
        on fct_payments.payment_type_key = dim_payment_types.payment_type_key
    where
        dim_payment_types.payment_type = 'credit_card'
        and fct_payments.installments is not null

)

select
    installments,
    count(*) as payments,
    round(100.0 * count(*) / sum(count(*)) over (), 2) as payments_percent,
    sum(payment_value) as payment_value,
    round(100 * sum(payment_value) / nullif(sum(sum(payment_value)) over (), 0), 2)
        as value_percent,
    round(avg(payment_value), 2) as average_value,
    round(cast(percentile_cont(0.5) within group (order by payment_value) as numeric), 2)
        as median_value,
    round(avg(payment_value) / nullif(installments, 0), 2) as average_installment
from card_payments
group by installments
order by installments
