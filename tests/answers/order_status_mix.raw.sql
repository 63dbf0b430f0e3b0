with

statuses as (

    select
        order_id,
        coalesce(nullif(btrim(order_status), ''), 'unknown') as status,
        left(btrim(order_purchase_timestamp), 10)::date as day
    from raw.orders
    where _until_batch_id is null

),

lines as (

    select
        statuses.status,
        count(distinct order_items.order_id) as orders,
        sum(order_items.price::numeric(12, 2)) as price
    from raw.order_items
    inner join statuses on order_items.order_id = statuses.order_id
    where order_items._until_batch_id is null
    group by statuses.status

),

payments as (

    select
        statuses.status,
        sum(order_payments.payment_value::numeric(12, 2)) as paid
    from raw.order_payments
    inner join statuses on order_payments.order_id = statuses.order_id
    where order_payments._until_batch_id is null
    group by statuses.status

),

counted as (

    select
        status,
        count(*) as orders,
        min(day) as oldest,
        max(day) as newest,
        round(avg((select max(day) from statuses) - day)) as days
    from statuses
    group by status

)

select
    counted.status as order_status,
    counted.orders,
    round(100.0 * counted.orders / (select count(*) from statuses), 2) as orders_percent,
    counted.orders - coalesce(lines.orders, 0) as orders_without_line,
    coalesce(lines.price, 0) as revenue,
    coalesce(payments.paid, 0) as paid,
    counted.oldest as oldest_purchase_on,
    counted.newest as newest_purchase_on,
    counted.days as average_days_since_purchase
from counted
left join lines on counted.status = lines.status
left join payments on counted.status = payments.status
order by counted.orders desc, counted.status asc
