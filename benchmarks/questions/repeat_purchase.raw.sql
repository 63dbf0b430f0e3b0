with

items as (

    select
        order_id,
        sum(price::numeric(12, 2)) as revenue
    from raw.order_items
    where _until_batch_id is null
    group by order_id

),

customers as (

    select
        customers.customer_unique_id,
        count(*) as orders,
        coalesce(sum(items.revenue), 0) as revenue
    from raw.orders
    inner join raw.customers on orders.customer_id = customers.customer_id
    left join items on orders.order_id = items.order_id
    where
        orders._until_batch_id is null
        and customers._until_batch_id is null
        and customers.customer_unique_id is not null
    group by customers.customer_unique_id

)

select
    case when orders >= 4 then 4 else orders end as orders_or_more,
    count(*) as customers,
    round(100.0 * count(*) / (select count(*) from customers), 3) as customers_percent,
    sum(revenue) as revenue,
    round(sum(revenue) / count(*), 2) as revenue_per_customer
from customers
group by 1
order by 1
