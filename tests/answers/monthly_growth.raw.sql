with

lines as (

    select
        order_id,
        revenue as price
    from {{ part('revenue_by_order') }}

),

sold as (

    select
        date_trunc('month', orders.order_purchase_timestamp::timestamp)::date as month_start,
        count(distinct orders.order_purchase_timestamp::date) as days,
        count(lines.order_id) as orders,
        coalesce(sum(lines.price), 0) as price
    from raw.orders
    left join lines using (order_id)
    where orders._until_batch_id is null and orders.order_purchase_timestamp is not null
    group by 1

),

months as (

    select
        month_start::date,
        coalesce(sold.days, 0) as days,
        coalesce(sold.orders, 0) as orders,
        coalesce(sold.price, 0) as price
    from generate_series(
        (select min(month_start) from sold), (select max(month_start) from sold), '1 month'
    ) as every_month (month_start)
    left join sold using (month_start)

)

select
    to_char(months.month_start, 'YYYY-MM') as year_month,
    months.days as days_with_orders,
    months.orders as orders_with_items,
    months.price as revenue,
    round(100.0 * (months.orders - before.orders) / nullif(before.orders, 0), 1)
        as orders_with_items_growth_percent,
    round(100 * (months.price - before.price) / nullif(before.price, 0), 1) as growth_percent,
    round(100 * (months.price - year_before.price) / nullif(year_before.price, 0), 1)
        as growth_yoy_percent,
    (
        select sum(so_far.price) from months as so_far
        where
            so_far.month_start <= months.month_start
            and extract(year from so_far.month_start) = extract(year from months.month_start)
    ) as revenue_in_year_so_far
from months
left join months as before
    on before.month_start = (months.month_start - interval '1 month')::date
left join months as year_before
    on year_before.month_start = (months.month_start - interval '1 year')::date
order by 1
