with

latest_reviews as (

    select *
    from {{ part('latest_reviews') }}

),

lines as (

    select *
    from {{ part('lines') }}

),

sums as (

    select
        product_id,
        category_name,
        weight_g,
        photos_count,
        count(*)::integer as line_count,
        sum(price) as revenue,
        sum(freight_value) as freight_value,
        count(distinct order_id)::integer as orders,
        count(distinct seller_id)::integer as sellers,
        min(sold_at) as first_sale_at,
        max(sold_at) as last_sale_at
    from lines
    group by product_id, category_name, weight_g, photos_count

),

scores as (

    select
        sold.product_id,
        count(latest_reviews.score)::integer as reviewed_orders,
        avg(latest_reviews.score)::numeric(5, 4) as average_review_score
    from (
        select
            product_id,
            order_id
        from lines
        group by product_id, order_id
    ) as sold
    left join latest_reviews on sold.order_id = latest_reviews.order_id
    group by sold.product_id

)

select
    md5(sums.product_id) as product_key,
    sums.product_id,
    sums.category_name,
    case
        when coalesce(sums.weight_g, 0) <= 0 then 'unknown'
        when sums.weight_g > 30000 then 'over 30 kg'
        when sums.weight_g > 20000 then '20 kg to 30 kg'
        when sums.weight_g > 10000 then '10 kg to 20 kg'
        when sums.weight_g > 5000 then '5 kg to 10 kg'
        when sums.weight_g > 2000 then '2 kg to 5 kg'
        when sums.weight_g > 1000 then '1 kg to 2 kg'
        when sums.weight_g > 500 then '500 g to 1 kg'
        else 'up to 500 g'
    end as weight_band,
    sums.photos_count,
    sums.first_sale_at,
    sums.last_sale_at,
    sums.line_count,
    sums.revenue::numeric(12, 2) as revenue,
    sums.freight_value::numeric(12, 2) as freight_value,
    sums.orders,
    scores.reviewed_orders,
    sums.sellers,
    (sums.revenue / sums.line_count)::numeric(12, 2) as average_price,
    scores.average_review_score,
    (100 * sums.revenue / sum(sums.revenue) over category)::numeric(7, 4)
        as category_revenue_percent,
    (
        rank() over (partition by sums.category_name order by sums.revenue desc)
        + row_number() over (
            partition by sums.category_name, sums.revenue order by sums.product_id
        ) - 1
    )::integer as category_rank
from sums
inner join scores on sums.product_id = scores.product_id
window category as (partition by sums.category_name)
