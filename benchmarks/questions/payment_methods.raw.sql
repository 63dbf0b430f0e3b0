with

payments as (

    select
        coalesce(nullif(btrim(payment_type), ''), 'unknown') as payment_type,
        payment_value::numeric(12, 2) as payment_value,
        payment_installments::integer as installments
    from raw.order_payments
    where _until_batch_id is null

)

select
    payment_type,
    count(*) as payments,
    sum(payment_value) as payment_value,
    round(100 * sum(payment_value) / (select sum(payment_value) from payments), 2) as value_percent,
    round(avg(payment_value), 2) as average_value,
    round(avg(installments), 2) as average_installments
from payments
group by payment_type
order by payment_value desc, payment_type asc
