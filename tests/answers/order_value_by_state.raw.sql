with

regions as (

    select *
    from {{ part('regions') }}

),

lines as (

    select
        order_id,
        sum(price::numeric(12, 2)) as price,
        sum(freight_value::numeric(12, 2)) as freight
    from raw.order_items
    where _until_batch_id is null
    group by order_id

),

orders as (

    select
        coalesce(regions.state_code, 'unknown') as state_code,
        coalesce(regions.region, 'unknown') as region,
        lines.price,
        lines.freight
    from lines
    inner join raw.orders on lines.order_id = orders.order_id and orders._until_batch_id is null
    left join raw.customers
        on orders.customer_id = customers.customer_id and customers._until_batch_id is null
    left join regions on btrim(customers.customer_zip_code_prefix) = regions.zip_code_prefix

),

country as (select avg(price) as average from orders)

select
    orders.state_code,
    orders.region,
    count(*) as orders_with_items,
    sum(orders.price) as revenue,
    round(avg(orders.price), 2) as average_order_value,
    round((percentile_cont(0.5) within group (order by orders.price))::numeric, 2)
        as median_order_value,
    round(100 * (avg(orders.price) - country.average) / country.average, 1)
        as above_country_percent,
    round(avg(orders.freight), 2) as average_freight
from orders
cross join country
group by orders.state_code, orders.region, country.average
order by average_order_value desc, orders.state_code asc
