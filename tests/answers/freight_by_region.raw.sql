with

regions as (

    select *
    from {{ part('regions') }}

),

lines as (

    select
        coalesce(there.region, 'unknown') as customer_region,
        coalesce(here.region, 'unknown') as seller_region,
        order_items.price::numeric(12, 2) as price,
        order_items.freight_value::numeric(12, 2) as freight
    from raw.order_items
    left join raw.orders
        on order_items.order_id = orders.order_id and orders._until_batch_id is null
    left join raw.customers
        on orders.customer_id = customers.customer_id and customers._until_batch_id is null
    left join raw.sellers
        on order_items.seller_id = sellers.seller_id and sellers._until_batch_id is null
    left join regions as there
        on btrim(customers.customer_zip_code_prefix) = there.zip_code_prefix
    left join regions as here
        on btrim(sellers.seller_zip_code_prefix) = here.zip_code_prefix
    where order_items._until_batch_id is null

)

select
    customer_region,
    seller_region,
    count(*) as line_count,
    coalesce(sum(price), 0) as revenue,
    coalesce(sum(freight), 0) as freight,
    round(sum(freight) / nullif(sum(price) + sum(freight), 0), 3) as freight_share,
    round(sum(freight) / nullif(count(freight), 0), 2) as average_freight,
    round(sum(price) / nullif(count(price), 0), 2) as average_price
from lines
group by customer_region, seller_region
order by customer_region asc, coalesce(sum(freight), 0) desc, seller_region asc
