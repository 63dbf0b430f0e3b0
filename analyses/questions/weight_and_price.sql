-- What do heavy goods cost, and what their freight? Grain: weight band of the product.
-- Trap: a product that nobody has weighed, or that weighs 0 g, is in the band 'unknown', which is
-- no light one; and bands are in the order of their weights, not of their names. Freight is in
-- per cent of price and freight together.
select
    dim_products.weight_band,
    count(*) as line_count,
    round(avg(fct_order_items.price), 2) as average_price,
    round(avg(fct_order_items.freight_value), 2) as average_freight,
    round(100 * sum(fct_order_items.freight_value) / nullif(sum(fct_order_items.item_total), 0), 1)
        as freight_percent
from {{ ref('fct_order_items') }}
inner join {{ ref('dim_products') }}
    on fct_order_items.product_key = dim_products.product_key
group by dim_products.weight_band
order by dim_products.weight_band = 'unknown', min(dim_products.weight_g)
