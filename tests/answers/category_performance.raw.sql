with

lines as (

    select
        order_items.order_id,
        order_items.product_id,
        order_items.seller_id,
        order_items.price::numeric(12, 2) as price,
        order_items.freight_value::numeric(12, 2) as freight,
        coalesce(
            (
                select btrim(translations.product_category_name_english)
                from raw.product_category_name_translation as translations
                where
                    btrim(translations.product_category_name)
                    = btrim(products.product_category_name)
                    and translations._until_batch_id is null
            ),
            nullif(btrim(products.product_category_name), ''),
            'unknown'
        ) as category
    from raw.order_items
    left join raw.products
        on order_items.product_id = products.product_id and products._until_batch_id is null
    where order_items._until_batch_id is null

),

categories as (

    select
        category,
        count(distinct order_id) as orders,
        count(*) as line_count,
        count(distinct product_id) as products_sold,
        count(distinct seller_id) as sellers,
        count(price) as priced,
        coalesce(sum(price), 0) as revenue,
        sum(freight) as freight
    from lines
    group by category

)

select
    here.category as category_name,
    here.orders,
    here.line_count,
    here.products_sold,
    here.sellers,
    here.revenue,
    round(100 * here.revenue / (select sum(price) from lines), 2) as revenue_percent,
    round(
        100 * (
            select sum(better.revenue) from categories as better
            where
                better.revenue > here.revenue
                or (better.revenue = here.revenue and better.category <= here.category)
        ) / (select sum(price) from lines), 2
    ) as cumulative_percent,
    round(here.revenue / nullif(here.priced, 0), 2) as average_price,
    round(here.freight / nullif(here.revenue + here.freight, 0), 3) as freight_share
from categories as here
order by here.revenue desc, here.category asc
