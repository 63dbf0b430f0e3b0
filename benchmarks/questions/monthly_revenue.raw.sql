with

items as (

    select
        order_id,
        sum(price::numeric(12, 2)) as revenue
    from raw.order_items
    where _until_batch_id is null
    group by order_id

),

months as (

    select
        date_trunc('month', orders.order_purchase_timestamp::timestamp) as month_start,
        count(items.order_id) as orders_with_items,
        coalesce(sum(items.revenue), 0) as revenue
    from raw.orders
    left join items on orders.order_id = items.order_id
    where orders._until_batch_id is null and orders.order_purchase_timestamp is not null
    group by month_start

)

select
    to_char(month_start, 'YYYY-MM') as year_month,
    orders_with_items,
    revenue,
    round(revenue / nullif(orders_with_items, 0), 2) as average_order_value,
    round(
        100 * revenue / nullif(
            sum(revenue) over (
                order by month_start
                range between interval '1 month' preceding and interval '1 month' preceding
            ), 0
        ) - 100, 2
    ) as revenue_growth_percent
from months
order by year_month
