with

fct_orders as (

    select
        customer_geography_key,
        purchased_at,
        estimated_delivery_on,
        days_to_ship,
        days_to_deliver,
        is_late,
        freight_value,
        review_score
    from {{ ref('fct_orders') }}
    where is_delivered

),

dim_geographies as (

    select
        geography_key,
        state_code,
        state_name,
        region
    from {{ ref('dim_geographies') }}

),

orders_located as (

    select
        fct_orders.*,
        dim_geographies.state_code,
        dim_geographies.state_name,
        dim_geographies.region,
        {{ dbt.datediff('fct_orders.purchased_at', 'fct_orders.estimated_delivery_on', 'day') }}
            as promised_days
    from fct_orders
    inner join dim_geographies
        on fct_orders.customer_geography_key = dim_geographies.geography_key

),

final as (

    select
        ---------- primary key
        state_code,

        ---------- state
        state_name,
        region,

        ---------- measures that add up
        cast(count(*) as integer) as delivered_orders,
        cast(count(case when is_late then 1 end) as integer) as late_orders,
        cast(count(review_score) as integer) as reviewed_orders,
        cast(sum(freight_value) as numeric(12, 2)) as freight_value,

        ---------- averages and shares
        {{ average('days_to_ship', 'numeric(10, 2)', 2) }} as average_days_to_ship,
        {{ average('days_to_deliver', 'numeric(10, 2)', 2) }} as average_days,
        {{ median('days_to_deliver', 'numeric(10, 2)', 2) }} as median_days,
        cast(percentile_disc(0.9) within group (order by days_to_deliver) as numeric(10, 2))
            as p90_days,
        {{ average('promised_days', 'numeric(10, 2)') }} as average_promised_days,
        {{ share('count(case when is_late then 1 end)', 'count(is_late)') }} as late_share,
        {{ average('freight_value', 'numeric(12, 2)', 2) }} as average_freight,
        {{ average('review_score', 'numeric(5, 4)') }} as average_review_score
    from orders_located
    group by state_code, state_name, region

)

select * from final
