with

payments as (

    select
        order_id,
        coalesce(nullif(btrim(payment_type), ''), 'unknown') as payment_type,
        payment_value::numeric(12, 2) as payment_value
    from raw.order_payments
    where _until_batch_id is null

),

kinds as (

    select
        order_id,
        array_to_string(array_agg(payment_type order by payment_type), ' + ') as payment_types
    from (select distinct order_id, payment_type from payments) as pairs
    group by order_id

),

mixed as (

    select
        kinds.payment_types,
        count(distinct payments.order_id) as orders,
        count(*) as payments,
        sum(payments.payment_value) as payment_value
    from payments
    inner join kinds on payments.order_id = kinds.order_id
    group by kinds.payment_types

)

select
    payment_types,
    orders,
    round(100.0 * orders / (select count(*) from kinds), 2) as orders_percent,
    payment_value,
    round(100 * payment_value / (select sum(payment_value) from payments), 2) as value_percent,
    round(payment_value / orders, 2) as average_value,
    round(1.0 * payments / orders, 2) as payments_per_order
from mixed
order by orders desc, payment_types asc
