with

purchases as (

    select
        customers.customer_unique_id as person,
        orders.order_id,
        orders.order_purchase_timestamp::timestamp as moment,
        to_char(orders.order_purchase_timestamp::timestamp, 'YYYY-MM') as month
    from raw.customers
    inner join raw.orders on customers.customer_id = orders.customer_id
    where
        orders._until_batch_id is null
        and customers._until_batch_id is null
        and customers.customer_unique_id is not null
        and orders.order_purchase_timestamp is not null

),

firsts as (

    select distinct on (person) order_id
    from purchases
    order by person, moment, order_id

),

prices as (

    select
        order_id,
        sum(price::numeric(12, 2)) as price
    from raw.order_items
    where _until_batch_id is null
    group by order_id

),

months as (

    select
        purchases.month,
        count(*) as orders,
        count(firsts.order_id) as first_orders,
        count(distinct purchases.person) as people,
        coalesce(sum(prices.price), 0) as revenue,
        coalesce(sum(case when firsts.order_id is null then prices.price end), 0) as repeat_revenue
    from purchases
    left join firsts on purchases.order_id = firsts.order_id
    left join prices on purchases.order_id = prices.order_id
    group by purchases.month

)

select
    month as year_month,
    orders,
    first_orders,
    orders - first_orders as repeat_orders,
    people,
    round(100 - 100.0 * first_orders / orders, 2) as repeat_orders_percent,
    revenue,
    repeat_revenue,
    round(100 * repeat_revenue / nullif(revenue, 0), 2) as repeat_revenue_percent
from months
order by month
