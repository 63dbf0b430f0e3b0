with

scores as (

    select *
    from {{ part('latest_reviews') }}

),

lines as (

    select
        order_id,
        count(*) as line_count,
        sum(price::numeric(12, 2)) as price
    from raw.order_items
    where _until_batch_id is null
    group by order_id

),

payments as (

    select
        order_id,
        sum(payment_value::numeric(12, 2)) as paid
    from raw.order_payments
    where _until_batch_id is null
    group by order_id

),

purchases as (

    select
        customers.customer_unique_id as customer,
        nullif(btrim(customers.customer_state), '') as state_code,
        orders.order_id,
        orders.order_purchase_timestamp::timestamp as purchased_at,
        coalesce(lines.line_count, 0) as line_count,
        coalesce(lines.price, 0) as price,
        coalesce(payments.paid, 0) as paid,
        scores.score
    from raw.customers
    inner join raw.orders on customers.customer_id = orders.customer_id
    left join lines on orders.order_id = lines.order_id
    left join payments on orders.order_id = payments.order_id
    left join scores on orders.order_id = scores.order_id
    where
        orders._until_batch_id is null
        and customers._until_batch_id is null
        and customers.customer_unique_id is not null

),

customers as (

    select
        customer,
        (array_agg(state_code order by purchased_at desc nulls last, order_id desc))[1]
            as state_code,
        count(*) as orders,
        sum(line_count) as line_count,
        sum(price) as revenue,
        sum(paid) as paid,
        min(purchased_at)::date as first_order_on,
        max(purchased_at)::date as last_order_on,
        round(avg(score), 2) as average_score
    from purchases
    group by customer
    order by revenue desc, customer asc
    limit 20

)

select
    row_number() over (order by revenue desc, customer asc) as customer_rank,
    customer as customer_unique_id,
    coalesce(state_code, 'unknown') as state_code,
    orders,
    line_count,
    revenue,
    paid,
    first_order_on,
    last_order_on,
    average_score
from customers
order by 1
