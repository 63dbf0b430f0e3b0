-- What do heavy goods cost, and what their freight? Grain: weight band of the product.
-- Trap: products without a weight, or with 0 g, are in the band 'unknown'; and bands are sorted by
-- weight, not by name. Freight is a fraction of price plus freight.
select
    dim_products.weight_band,
    count(*) as line_count,
    round(avg(fct_order_items.price), 2) as average_price,
    round(avg(fct_order_items.freight_value), 2) as average_freight,
    round(sum(fct_order_items.freight_value) / nullif(sum(fct_order_items.item_total), 0), 3)
        as freight_share
from {{ ref('fct_order_items') }}
inner join {{ ref('dim_products') }}
    on fct_order_items.product_key = dim_products.product_key
group by dim_products.weight_band
order by dim_products.weight_band = 'unknown', min(dim_products.weight_g)
