-- Where are orders worth most? Grain: state of delivery.
-- Trap: orders without a line have no value to average and are left out; the average of the
-- states' averages is not that of the country.
select
    dim_geographies.state_code,
    dim_geographies.region,
    count(*) as orders_with_items,
    sum(fct_orders.items_value) as revenue,
    round(sum(fct_orders.items_value) / count(*), 2) as average_order_value,
    round(
        cast(percentile_cont(0.5) within group (order by fct_orders.items_value) as numeric), 2
    ) as median_order_value,
    round(
        100 * (sum(fct_orders.items_value) / count(*))
        / nullif(sum(sum(fct_orders.items_value)) over () / sum(count(*)) over (), 0) - 100, 1
    ) as above_country_percent,
    round(sum(fct_orders.freight_value) / count(*), 2) as average_freight
from {{ ref('fct_orders') }} as fct_orders
inner join {{ ref('dim_geographies') }} as dim_geographies
    on fct_orders.customer_geography_key = dim_geographies.geography_key
where fct_orders.item_count > 0
group by dim_geographies.state_code, dim_geographies.region
order by average_order_value desc, dim_geographies.state_code asc
