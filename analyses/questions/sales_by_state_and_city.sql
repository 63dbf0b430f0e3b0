-- Where do we sell? The three best cities of each state. Grain: city of delivery.
-- Trap: the source spells cities in many ways; here each zip code prefix lies in one city. Two
-- states may have cities of the same name, so a city is always shown with its state.
with

cities as (

    select
        dim_geographies.state_code,
        dim_geographies.city,
        count(*) as orders,
        sum(fct_orders.items_value) as revenue
    from {{ ref('fct_orders') }}
    inner join {{ ref('dim_geographies') }}
        on fct_orders.customer_geography_key = dim_geographies.geography_key
    group by dim_geographies.state_code, dim_geographies.city

),

ranked as (

    select
        *,
        round(100 * revenue / nullif(sum(revenue) over (partition by state_code), 0), 1)
            as state_percent,
        row_number() over (partition by state_code order by revenue desc, city asc) as city_rank
    from cities

)

select
    state_code,
    city_rank,
    city,
    orders,
    revenue,
    state_percent
from ranked
where city_rank <= 3
order by state_code, city_rank
