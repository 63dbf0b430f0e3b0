with

lines as (

    select *
    from {{ part('lines') }}

),

order_sellers as (

    select
        order_id,
        count(distinct seller_id) as sellers
    from lines
    group by order_id

),

sums as (

    select
        seller_id,
        min(sold_at) as first_sale_at,
        max(sold_at) as last_sale_at,
        count(*)::integer as line_count,
        sum(price) as revenue,
        sum(freight_value) as freight_value,
        count(distinct product_id)::integer as products,
        count(distinct category_name)::integer as categories
    from lines
    group by seller_id

),

-- One line stands for the order of a seller: what is asked here is the same in all of them.
opinions as (

    select distinct on (lines.seller_id, lines.order_id)
        lines.*,
        order_sellers.sellers
    from lines
    inner join order_sellers on lines.order_id = order_sellers.order_id
    order by lines.seller_id, lines.order_id

),

ratings as (

    select
        seller_id,
        count(*)::integer as orders,
        count(*) filter (where sellers > 1)::integer as shared_orders,
        count(*) filter (where is_delivered)::integer as delivered_orders,
        count(*) filter (where is_late)::integer as late_orders,
        count(*) filter (where order_status in ('canceled', 'unavailable'))::integer
            as lost_orders,
        count(score)::integer as reviewed_orders,
        avg(days_to_ship)::numeric(10, 2) as average_days_to_ship,
        avg(score)::numeric(5, 4) as average_review_score,
        avg(is_late::integer)::numeric(5, 4) as late_share,
        avg((order_status in ('canceled', 'unavailable'))::integer)::numeric(5, 4)
            as lost_share
    from opinions
    group by seller_id

)

select
    md5(sums.seller_id) as seller_key,
    sums.seller_id,
    coalesce(btrim(sellers.seller_city), 'unknown') as city,
    coalesce(btrim(sellers.seller_state), 'unknown') as state_code,
    sums.first_sale_at,
    sums.last_sale_at,
    sums.line_count,
    sums.revenue::numeric(12, 2) as revenue,
    sums.freight_value::numeric(12, 2) as freight_value,
    ratings.orders,
    ratings.shared_orders,
    ratings.delivered_orders,
    ratings.late_orders,
    ratings.lost_orders,
    ratings.reviewed_orders,
    sums.products,
    sums.categories,
    (100 * sums.revenue / (select sum(lines.price) from lines))::numeric(7, 4) as revenue_percent,
    ratings.average_review_score,
    ratings.average_days_to_ship,
    ratings.late_share,
    ratings.lost_share,
    (
        rank() over (order by sums.revenue desc)
        + row_number() over (partition by sums.revenue order by sums.seller_id) - 1
    )::integer as revenue_rank,
    case
        when ratings.orders < 10 then 'new'
        when
            ratings.average_review_score < 3.5
            or ratings.late_share > 0.15
            or ratings.lost_share > 0.05
            then 'watch'
        when
            ratings.average_review_score >= 4.2
            and ratings.late_share <= 0.05
            and ratings.lost_share <= 0.01
            then 'top'
        else 'good'
    end as tier
from sums
inner join ratings on sums.seller_id = ratings.seller_id
left join raw.sellers on sums.seller_id = sellers.seller_id and sellers._until_batch_id is null
