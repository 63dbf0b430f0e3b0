with

cards as (

    select
        payment_installments::integer as installments,
        payment_value::numeric(12, 2) as payment_value
    from raw.order_payments
    where
        _until_batch_id is null
        and btrim(payment_type) = 'credit_card'
        and payment_installments is not null

)

select
    installments,
    count(*) as payments,
    round(100.0 * count(*) / (select count(*) from cards), 2) as payments_percent,
    sum(payment_value) as payment_value,
    round(100 * sum(payment_value) / (select sum(payment_value) from cards), 2) as value_percent,
    round(sum(payment_value) / count(*), 2) as average_value,
    round((percentile_cont(0.5) within group (order by payment_value))::numeric, 2)
        as median_value,
    case
        when installments > 0 then round(sum(payment_value) / count(*) / installments, 2)
    end as average_installment
from cards
group by installments
order by installments
