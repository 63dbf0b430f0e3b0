-- What share of price plus freight is freight, and how much more does it cost to ship farther?
-- Grain: customer region and seller region.
-- Trap: it is total freight over total price plus freight (of the price alone it would be more).
-- An average of the ratios of lines would give cheap goods the weight of expensive ones.
select
    customer_places.region as customer_region,
    seller_places.region as seller_region,
    count(*) as line_count,
    coalesce(sum(fct_order_items.price), 0) as revenue,
    coalesce(sum(fct_order_items.freight_value), 0) as freight,
    round(
        sum(fct_order_items.freight_value) / nullif(sum(fct_order_items.item_total), 0), 3
    ) as freight_share,
    round(avg(fct_order_items.freight_value), 2) as average_freight,
    round(avg(fct_order_items.price), 2) as average_price
from {{ ref('fct_order_items') }} as fct_order_items
inner join {{ ref('dim_geographies') }} as customer_places
    on fct_order_items.customer_geography_key = customer_places.geography_key
inner join {{ ref('dim_geographies') }} as seller_places
    on fct_order_items.seller_geography_key = seller_places.geography_key
group by customer_places.region, seller_places.region
order by customer_region asc, freight desc, seller_region asc
