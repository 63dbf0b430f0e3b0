with

sellers as (

    select
        seller_id,
        coalesce(sum(price::numeric(12, 2)), 0) as revenue
    from raw.order_items
    where _until_batch_id is null and seller_id is not null
    group by seller_id

),

-- The Lorenz curve, from the smallest seller up; Gini is the area between it and the diagonal.
lorenz as (

    select
        revenue,
        sum(revenue) over (order by revenue asc, seller_id asc) as up_to_here
    from sellers

),

gini as (

    select
        round(
            1 - sum(2 * up_to_here - revenue) / (count(*) * (select sum(revenue) from sellers)), 4
        ) as coefficient
    from lorenz

),

sorted as (

    select
        array_agg(revenue order by revenue desc) as revenues,
        count(*) as sellers,
        sum(revenue) as revenue
    from sellers

),

parts as (

    select
        part as top_percent,
        sorted.revenues[1:(sorted.sellers * part + 99) / 100] as revenues,
        sorted.revenue as all_revenue
    from sorted
    cross join unnest(array[1, 5, 10, 20, 50, 100]) as part

)

select
    parts.top_percent,
    gini.coefficient as gini_coefficient,
    count(*) as sellers,
    sum(best.revenue) as revenue,
    round(100 * sum(best.revenue) / parts.all_revenue, 2) as revenue_percent,
    min(best.revenue) as least_revenue,
    round(sum(best.revenue) / count(*), 2) as average_revenue
from parts
cross join unnest(parts.revenues) as best (revenue)
cross join gini
group by parts.top_percent, parts.all_revenue, gini.coefficient
order by parts.top_percent
