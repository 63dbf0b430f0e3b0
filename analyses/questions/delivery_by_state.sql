-- How long do buyers of each state wait, and how often longer than promised? Grain: state.
-- Trap: the place is the one that the order was sent to, not where the person lives today; and an
-- order that was not delivered is neither late nor on time, nor is a delivered one without a
-- delivery time: late_percent is of the others.
select
    dim_geographies.state_code,
    count(*) as delivered_orders,
    round(avg(fct_orders.days_to_deliver), 1) as average_days,
    round(
        100.0 * count(*) filter (where fct_orders.is_late) / nullif(count(fct_orders.is_late), 0), 1
    ) as late_percent,
    round(avg(fct_orders.freight_value), 2) as average_freight
from {{ ref('fct_orders') }}
inner join {{ ref('dim_geographies') }}
    on fct_orders.customer_geography_key = dim_geographies.geography_key
where fct_orders.is_delivered
group by dim_geographies.state_code
order by average_days desc nulls last, dim_geographies.state_code asc
