with

places as (

    select *
    from {{ part('places') }}

),

states as (

    select *
    from {{ part('states') }}

),

latest_reviews as (

    select *
    from {{ part('latest_reviews') }}

),

freight as (

    select
        order_id,
        sum(freight_value::numeric(12, 2)) as freight_value
    from raw.order_items
    where _until_batch_id is null
    group by order_id

),

deliveries as (

    select
        coalesce(places.state_code, 'unknown') as state_code,
        coalesce(freight.freight_value, 0) as freight_value,
        latest_reviews.score,
        orders.order_delivered_customer_date::date
        > orders.order_estimated_delivery_date::date as is_late,
        orders.order_estimated_delivery_date::date
        - orders.order_purchase_timestamp::date as promised_days,
        round(
            extract(
                epoch from date_trunc('second', orders.order_delivered_customer_date::timestamp)
                - date_trunc('second', orders.order_purchase_timestamp::timestamp)
            ) / 86400, 2
        ) as days,
        round(
            extract(
                epoch from date_trunc('second', orders.order_delivered_carrier_date::timestamp)
                - date_trunc('second', orders.order_purchase_timestamp::timestamp)
            ) / 86400, 2
        ) as days_to_ship
    from raw.orders
    left join raw.customers
        on orders.customer_id = customers.customer_id and customers._until_batch_id is null
    left join places
        on btrim(customers.customer_zip_code_prefix) = places.zip_code_prefix
    left join freight
        on orders.order_id = freight.order_id
    left join latest_reviews
        on orders.order_id = latest_reviews.order_id
    where orders._until_batch_id is null and orders.order_status = 'delivered'

),

-- The places of each delivery among those of its state, the quickest first.
ranked as (

    select
        *,
        row_number() over (partition by state_code order by days asc nulls last) as place,
        count(days) over (partition by state_code) as known
    from deliveries

)

select
    ranked.state_code,
    coalesce(states.state_name, 'unknown') as state_name,
    coalesce(states.region, 'unknown') as region,
    count(*)::integer as delivered_orders,
    count(*) filter (where ranked.is_late)::integer as late_orders,
    count(ranked.score)::integer as reviewed_orders,
    sum(ranked.freight_value)::numeric(12, 2) as freight_value,
    avg(ranked.days_to_ship)::numeric(10, 2) as average_days_to_ship,
    avg(ranked.days)::numeric(10, 2) as average_days,
    avg(ranked.days) filter (
        where 2 * ranked.place between ranked.known and ranked.known + 2
    )::numeric(10, 2) as median_days,
    min(ranked.days) filter (where 10 * ranked.place >= 9 * ranked.known)::numeric(10, 2)
        as p90_days,
    avg(ranked.promised_days)::numeric(10, 2) as average_promised_days,
    avg(ranked.is_late::integer)::numeric(5, 4) as late_share,
    avg(ranked.freight_value)::numeric(12, 2) as average_freight,
    avg(ranked.score)::numeric(5, 4) as average_review_score
from ranked
left join states on ranked.state_code = states.state_code
group by ranked.state_code, states.state_name, states.region
