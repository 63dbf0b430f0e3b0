with

items as (

    select
        order_id,
        sum(price::numeric(12, 2)) as revenue
    from raw.order_items
    where _deleted_at is null
    group by order_id

),

months as (

    select
        to_char(orders.order_purchase_timestamp::timestamp, 'YYYY-MM') as year_month,
        count(items.order_id) as orders,
        coalesce(sum(items.revenue), 0) as revenue
    from raw.orders
    left join items on orders.order_id = items.order_id
    where orders._deleted_at is null and orders.order_purchase_timestamp is not null
    group by 1

)

select
    year_month,
    orders,
    revenue,
    round(revenue / nullif(orders, 0), 2) as average_order_value,
    round(100 * revenue / nullif(lag(revenue) over (order by year_month), 0) - 100, 1)
        as growth_percent
from months
order by year_month
