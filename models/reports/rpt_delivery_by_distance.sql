with

rpt_seller_orders as (

    select
        {{ distance_band('distance_km') }} as distance_band,
        distance_km,
        line_count,
        revenue,
        freight_value,
        days_to_deliver,
        promised_days,
        is_late,
        review_score
    from {{ ref('rpt_seller_orders') }}
    where is_delivered

),

final as (

    select
        ---------- primary key
        distance_band,

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
        cast(percentile_disc(0.9) within group (order by days_to_deliver) as numeric(10, 2))
            as p90_days,
        {{ average('promised_days', 'numeric(10, 2)') }} as average_promised_days,
        {{ share('count(case when is_late then 1 end)', 'count(is_late)') }} as late_share,
        {{ average('freight_value', 'numeric(12, 2)', 2) }} as average_freight,
        {{ share(
            'sum(freight_value)', 'sum(revenue) + sum(freight_value)', 'numeric(18, 4)', 2
        ) }} as freight_share,
        {{ average('review_score', 'numeric(5, 4)') }} as average_review_score
    from rpt_seller_orders
    group by distance_band

)

select * from final
