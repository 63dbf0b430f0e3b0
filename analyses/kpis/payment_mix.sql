-- With which payment types, alone or combined, are orders paid? Grain: set of payment types of an
-- order.
-- Trap: an order may have several payments of one or several types (a card and vouchers), so the
-- shares of single types in payment_methods are of payments, not of orders.
with

payments_by_order as (

    select
        fct_payments.order_id,
        string_agg(
            distinct dim_payment_types.payment_type, ' + ' order by dim_payment_types.payment_type
        ) as payment_types,
        count(*) as payments,
        sum(fct_payments.payment_value) as payment_value
    from {{ ref('fct_payments') }} as fct_payments
    inner join {{ ref('dim_payment_types') }} as dim_payment_types
        on fct_payments.payment_type_key = dim_payment_types.payment_type_key
    group by fct_payments.order_id

)

select
    payment_types,
    count(*) as orders,
    round(100.0 * count(*) / sum(count(*)) over (), 2) as orders_percent,
    sum(payment_value) as payment_value,
    round(100 * sum(payment_value) / nullif(sum(sum(payment_value)) over (), 0), 2)
        as value_percent,
    round(avg(payment_value), 2) as average_value,
    round(avg(payments), 2) as payments_per_order
from payments_by_order
group by payment_types
order by orders desc, payment_types asc
