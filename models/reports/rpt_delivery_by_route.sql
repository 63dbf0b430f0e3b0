with

rpt_seller_orders as (

    select
        seller_state_code,
        customer_state_code,
        distance_km,
        line_count,
        revenue,
        freight_value,
        days_to_deliver,
        is_late
    from {{ ref('rpt_seller_orders') }}
    where is_delivered

),

final as (

    select
        ---------- primary key
        {{ dbt_utils.generate_surrogate_key(['seller_state_code', 'customer_state_code']) }}
            as route_key,

        ---------- route
        seller_state_code,
        customer_state_code,

        ---------- measures that add up
        cast(count(*) as integer) as parcels,
        cast(sum(line_count) as integer) as line_count,
        cast(sum(revenue) as numeric(12, 2)) as revenue,
        cast(sum(freight_value) as numeric(12, 2)) as freight_value,
        cast(count(case when is_late then 1 end) as integer) as late_parcels,

        ---------- averages and shares
        {{ average('distance_km', 'numeric(8, 2)', 2) }} as average_distance_km,
        {{ average('days_to_deliver', 'numeric(10, 2)', 2) }} as average_days,
        {{ median('days_to_deliver', 'numeric(10, 2)', 2) }} as median_days,
        {{ share('count(case when is_late then 1 end)', 'count(is_late)') }} as late_share,
        {{ average('freight_value', 'numeric(12, 2)', 2) }} as average_freight
    from rpt_seller_orders
    group by seller_state_code, customer_state_code

)

select * from final
