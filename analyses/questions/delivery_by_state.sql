-- How long do buyers in each state wait, and how often longer than promised? Grain: state.
-- Trap: the state is where the order was sent, not where the customer lives today; undelivered
-- orders and orders without a delivery time are neither late nor on time, and late_share
-- excludes them.
select
    dim_geographies.state_code,
    count(*) as delivered_orders,
    round(avg(fct_orders.days_to_deliver), 1) as average_days,
    round(
        1.0 * count(*) filter (where fct_orders.is_late) / nullif(count(fct_orders.is_late), 0), 3
    ) as late_share,
    round(avg(fct_orders.freight_value), 2) as average_freight
from {{ ref('fct_orders') }}
inner join {{ ref('dim_geographies') }}
    on fct_orders.customer_geography_key = dim_geographies.geography_key
where fct_orders.is_delivered
group by dim_geographies.state_code
order by average_days desc nulls last, dim_geographies.state_code asc
