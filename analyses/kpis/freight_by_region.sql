-- What part of price and freight is freight, and how much more does it cost to send farther? Grain:
-- region of the customer by region of the seller.
-- Trap: it is freight of all over price and freight of all (of the price alone it would be more);
-- an average of the lines' own ratios lets cheap goods weigh as much as dear ones.
select
    customer_places.region as customer_region,
    seller_places.region as seller_region,
    count(*) as line_count,
    coalesce(sum(fct_order_items.price), 0) as revenue,
    coalesce(sum(fct_order_items.freight_value), 0) as freight,
    round(
        100 * sum(fct_order_items.freight_value) / nullif(sum(fct_order_items.item_total), 0), 1
    ) as freight_percent,
    round(avg(fct_order_items.freight_value), 2) as average_freight,
    round(avg(fct_order_items.price), 2) as average_price
from {{ ref('fct_order_items') }} as fct_order_items
inner join {{ ref('dim_geographies') }} as customer_places
    on fct_order_items.customer_geography_key = customer_places.geography_key
inner join {{ ref('dim_geographies') }} as seller_places
    on fct_order_items.seller_geography_key = seller_places.geography_key
group by customer_places.region, seller_places.region
order by customer_region asc, freight desc, seller_region asc
