-- Routes of what raw says of each order and seller. Grain: state of the seller, of the customer.
with

deliveries as (

    select
        *,
        days_to_deliver as days
    from {{ report('rpt_seller_orders') }}
    where is_delivered

),

ranked as (

    select
        *,
        row_number() over route as place,
        count(days) over (partition by seller_state_code, customer_state_code) as known
    from deliveries
    window route as (
        partition by seller_state_code, customer_state_code order by days asc nulls last
    )

)

select
    md5(seller_state_code || '-' || customer_state_code) as route_key,
    seller_state_code,
    customer_state_code,
    count(*)::integer as parcels,
    sum(line_count)::integer as line_count,
    sum(revenue)::numeric(12, 2) as revenue,
    sum(freight_value)::numeric(12, 2) as freight_value,
    sum(is_late::integer)::integer as late_parcels,
    avg(distance_km)::numeric(8, 2) as average_distance_km,
    avg(days)::numeric(10, 2) as average_days,
    avg(days) filter (where 2 * place between known and known + 2)::numeric(10, 2) as median_days,
    avg(is_late::integer)::numeric(5, 4) as late_share,
    avg(freight_value)::numeric(12, 2) as average_freight
from ranked
group by seller_state_code, customer_state_code
