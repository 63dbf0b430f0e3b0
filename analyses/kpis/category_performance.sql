-- Which categories sell most, and from how many sellers? Grain: category.
-- Trap: an order with lines of two categories counts in both, so orders do not add up over
-- categories; lines and amounts do. Freight is a fraction of price plus freight.
with

categories as (

    select
        dim_products.category_name,
        count(distinct fct_order_items.order_id) as orders,
        count(*) as line_count,
        count(distinct nullif(fct_order_items.product_key, '-1')) as products_sold,
        count(distinct nullif(fct_order_items.seller_key, '-1')) as sellers,
        coalesce(sum(fct_order_items.price), 0) as revenue,
        avg(fct_order_items.price) as average_price,
        sum(fct_order_items.freight_value) as freight,
        sum(fct_order_items.item_total) as gmv
    from {{ ref('fct_order_items') }} as fct_order_items
    inner join {{ ref('dim_products') }} as dim_products
        on fct_order_items.product_key = dim_products.product_key
    group by dim_products.category_name

)

select
    category_name,
    orders,
    line_count,
    products_sold,
    sellers,
    revenue,
    round(100 * revenue / nullif(sum(revenue) over (), 0), 2) as revenue_percent,
    round(
        100 * sum(revenue) over (order by revenue desc, category_name asc)
        / nullif(sum(revenue) over (), 0), 2
    ) as cumulative_percent,
    round(average_price, 2) as average_price,
    round(freight / nullif(gmv, 0), 3) as freight_share
from categories
order by revenue desc, category_name asc
