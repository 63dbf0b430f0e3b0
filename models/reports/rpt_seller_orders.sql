{{ config(
    incremental_predicates=["{{ changed_orders_only('order_id') }}"],
    indexes=[{'columns': ['order_id']}],
) }}

with

fct_orders as (

    select
        order_id,
        purchased_at,
        estimated_delivery_on,
        days_to_ship,
        days_to_deliver,
        is_delivered,
        is_late,
        delivered_orders,
        late_orders,
        review_score
    from {{ ref('fct_orders') }}
    where {{ changed_orders_only('order_id') }}

),

fct_order_items as (

    select
        order_id,
        seller_key,
        seller_geography_key,
        customer_geography_key,
        order_status,
        price,
        freight_value
    from {{ ref('fct_order_items') }}
    where {{ changed_orders_only('order_id') }}

),

dim_sellers as (

    select
        seller_key,
        seller_id
    from {{ ref('dim_sellers') }}

),

dim_geographies as (

    select
        geography_key,
        state_code,
        latitude,
        longitude
    from {{ ref('dim_geographies') }}

),

lines_grouped as (

    select
        order_id,
        seller_key,
        seller_geography_key,
        customer_geography_key,
        order_status,
        count(*) as line_count,
        coalesce(sum(price), 0) as revenue,
        coalesce(sum(freight_value), 0) as freight_value
    from fct_order_items
    group by order_id, seller_key, seller_geography_key, customer_geography_key, order_status

),

final as (

    select
        ---------- primary key
        {{ dbt_utils.generate_surrogate_key([
            'lines_grouped.order_id', 'lines_grouped.seller_key',
        ]) }} as seller_order_key,

        ---------- who, from where, to where
        lines_grouped.order_id,
        lines_grouped.seller_key,
        dim_sellers.seller_id,
        seller_places.state_code as seller_state_code,
        customer_places.state_code as customer_state_code,
        {{ great_circle_km(
            'seller_places.latitude', 'seller_places.longitude',
            'customer_places.latitude', 'customer_places.longitude',
        ) }} as distance_km,

        ---------- measures of the seller's lines
        cast(lines_grouped.line_count as integer) as line_count,
        cast(lines_grouped.revenue as numeric(12, 2)) as revenue,
        cast(lines_grouped.freight_value as numeric(12, 2)) as freight_value,

        coalesce(fct_orders.delivered_orders, 0) as delivered_parcels,
        fct_orders.late_orders as late_parcels,

        ---------- the order, the same for each of its sellers
        cast(count(*) over (partition by lines_grouped.order_id) as integer) as sellers_in_order,
        lines_grouped.order_status,
        coalesce(fct_orders.is_delivered, false) as is_delivered,
        fct_orders.is_late,
        fct_orders.days_to_ship,
        fct_orders.days_to_deliver,
        cast(
            {{ dbt.datediff('fct_orders.purchased_at', 'fct_orders.estimated_delivery_on', 'day') }}
            as integer
        ) as promised_days,
        fct_orders.review_score
    from lines_grouped
    inner join dim_sellers
        on lines_grouped.seller_key = dim_sellers.seller_key
    inner join dim_geographies as seller_places
        on lines_grouped.seller_geography_key = seller_places.geography_key
    inner join dim_geographies as customer_places
        on lines_grouped.customer_geography_key = customer_places.geography_key
    left join fct_orders
        on lines_grouped.order_id = fct_orders.order_id

)

select * from final
