-- Bands of what raw says of each order and seller. Grain: band of the distance between them.
with

deliveries as (

    select
        *,
        days_to_deliver as days,
        review_score as score
    from {{ report('rpt_seller_orders') }}
    where is_delivered

),

banded as (

    select
        deliveries.*,
        coalesce(bands.band, 'unknown') as band
    from deliveries
    left join
        (
            values
            (-1, 50, 'up to 50 km'),
            (50, 100, '50 to 100 km'),
            (100, 250, '100 to 250 km'),
            (250, 500, '250 to 500 km'),
            (500, 1000, '500 to 1000 km'),
            (1000, 2000, '1000 to 2000 km'),
            (2000, 99999, 'over 2000 km')
        ) as bands (above_km, up_to_km, band)
        on deliveries.distance_km > bands.above_km and deliveries.distance_km <= bands.up_to_km

),

ranked as (

    select
        *,
        row_number() over (partition by band order by days asc nulls last) as place,
        count(days) over (partition by band) as known
    from banded

)

select
    band as distance_band,
    count(*)::integer as parcels,
    sum(line_count)::integer as line_count,
    sum(revenue)::numeric(12, 2) as revenue,
    sum(freight_value)::numeric(12, 2) as freight_value,
    sum(is_late::integer)::integer as late_parcels,
    avg(distance_km)::numeric(8, 2) as average_distance_km,
    avg(days)::numeric(10, 2) as average_days,
    avg(days) filter (where 2 * place between known and known + 2)::numeric(10, 2) as median_days,
    min(days) filter (where 10 * place >= 9 * known)::numeric(10, 2) as p90_days,
    avg(promised_days)::numeric(10, 2) as average_promised_days,
    avg(is_late::integer)::numeric(5, 4) as late_share,
    avg(freight_value)::numeric(12, 2) as average_freight,
    (sum(freight_value) / sum(revenue + freight_value))::numeric(5, 4) as freight_share,
    avg(score)::numeric(5, 4) as average_review_score
from ranked
group by band
