-- How do buyers pay? Grain: payment type.
-- Trap: a payment is not an order: one order may have several payments (a card and vouchers).
-- Payments are not revenue either: they include freight and interest on installments.
select
    dim_payment_types.payment_type,
    count(*) as payments,
    coalesce(sum(fct_payments.payment_value), 0) as payment_value,
    round(
        100 * coalesce(sum(fct_payments.payment_value), 0)
        / nullif(sum(sum(fct_payments.payment_value)) over (), 0), 2
    ) as value_percent,
    round(avg(fct_payments.payment_value), 2) as average_value,
    round(avg(fct_payments.installments), 2) as average_installments
from {{ ref('fct_payments') }}
inner join {{ ref('dim_payment_types') }}
    on fct_payments.payment_type_key = dim_payment_types.payment_type_key
group by dim_payment_types.payment_type
order by payment_value desc, dim_payment_types.payment_type asc
