with

lines as (

    select *
    from {{ part('lines') }}

),

totals as (

    select
        sum(price) as revenue,
        max(sold_at)::date as last_day
    from lines

),

sums as (

    select
        lines.category_name,
        count(*)::integer as line_count,
        sum(lines.price) as revenue,
        sum(lines.freight_value) as freight_value,
        count(distinct lines.order_id)::integer as orders,
        count(distinct lines.product_id)::integer as products,
        count(distinct lines.seller_id)::integer as sellers,
        coalesce(
            sum(lines.price) filter (where lines.sold_at::date > totals.last_day - 365), 0
        ) as now,
        coalesce(
            sum(lines.price) filter (
                where lines.sold_at::date > totals.last_day - 730
                and lines.sold_at::date <= totals.last_day - 365
            ), 0
        ) as before
    from lines
    cross join totals
    group by lines.category_name

),

ratings as (

    select
        category_name,
        count(score)::integer as reviewed_orders,
        sum((score <= 2)::integer) as negative_orders,
        avg(score)::numeric(5, 4) as average_review_score,
        avg(is_late::integer)::numeric(5, 4) as late_share
    from (
        select
            category_name,
            order_id,
            max(score) as score,
            bool_or(is_late) as is_late
        from lines
        group by category_name, order_id
    ) as opinions
    group by category_name

)

select
    sums.category_name,
    sums.line_count,
    sums.revenue::numeric(12, 2) as revenue,
    sums.freight_value::numeric(12, 2) as freight_value,
    sums.now::numeric(12, 2) as revenue_last_365_days,
    sums.before::numeric(12, 2) as revenue_365_days_before,
    sums.orders,
    ratings.reviewed_orders,
    coalesce(ratings.negative_orders, 0) as negative_orders,
    sums.products,
    sums.sellers,
    (100 * sums.revenue / totals.revenue)::numeric(7, 4) as revenue_percent,
    (sums.revenue / sums.line_count)::numeric(12, 2) as average_price,
    (sums.freight_value / (sums.revenue + sums.freight_value))::numeric(5, 4)
        as freight_share,
    ratings.average_review_score,
    ratings.late_share,
    (100 * sums.now / nullif(sums.before, 0) - 100)::numeric(14, 2) as growth_percent
from sums
inner join ratings on sums.category_name = ratings.category_name
cross join totals
