-- How much does revenue depend on a few sellers? Grain: top percentage of sellers.
-- Trap: only sellers with sales count; the rows contain each other and do not add up. The Gini
-- coefficient, the same in each row, is 0 if all sell the same and 1 if one sells everything.
with

sellers as (

    select
        seller_key,
        coalesce(sum(price), 0) as revenue
    from {{ ref('fct_order_items') }}
    where seller_key <> '-1'
    group by seller_key

),

ranked as (

    select
        revenue,
        row_number() over (order by revenue desc, seller_key asc) as seller_rank,
        count(*) over () as all_sellers,
        sum(revenue) over () as all_revenue
    from sellers

),

-- Each revenue weighs by how far its rank is from the middle.
inequality as (

    select
        round(
            sum((all_sellers + 1 - 2 * seller_rank) * revenue)
            / nullif(max(all_sellers) * max(all_revenue), 0), 4
        ) as gini_coefficient
    from ranked

),

parts as (

    select 1 as top_percent
    union all
    select 5 as top_percent
    union all
    select 10 as top_percent
    union all
    select 20 as top_percent
    union all
    select 50 as top_percent
    union all
    select 100 as top_percent

)

select
    parts.top_percent,
    inequality.gini_coefficient,
    count(*) as sellers,
    sum(ranked.revenue) as revenue,
    round(100 * sum(ranked.revenue) / nullif(max(ranked.all_revenue), 0), 2) as revenue_percent,
    min(ranked.revenue) as least_revenue,
    round(avg(ranked.revenue), 2) as average_revenue
from parts
inner join ranked
    on ranked.seller_rank <= ceil(parts.top_percent * ranked.all_sellers / 100.0)
cross join inequality
group by parts.top_percent, inequality.gini_coefficient
order by parts.top_percent
