with

latest_reviews as (

    select distinct on (order_id)
        order_id,
        review_score::integer as score
    from raw.order_reviews
    where _deleted_at is null
    order by
        order_id,
        review_answer_timestamp::timestamp desc nulls last,
        review_creation_date::timestamp desc nulls last,
        review_id desc

),

categories as (

    select
        products.product_id,
        coalesce(
            nullif(btrim(translations.product_category_name_english), ''),
            nullif(btrim(products.product_category_name), ''),
            'unknown'
        ) as category_name,
        products.product_weight_g::integer as weight_g,
        products.product_photos_qty::integer as photos_count
    from raw.products
    left join raw.product_category_name_translation as translations
        on
            btrim(products.product_category_name) = btrim(translations.product_category_name)
            and translations._deleted_at is null
    where products._deleted_at is null

),

lines as (

    select
        order_items.order_id,
        order_items.product_id,
        order_items.seller_id,
        order_items.price::numeric(12, 2) as price,
        order_items.freight_value::numeric(12, 2) as freight_value,
        orders.order_purchase_timestamp::timestamp as sold_at,
        btrim(orders.order_status) as order_status,
        orders.order_status = 'delivered' as is_delivered,
        case
            when orders.order_status = 'delivered'
                then orders.order_delivered_customer_date::date
                > orders.order_estimated_delivery_date::date
        end as is_late,
        round(
            extract(
                epoch from date_trunc('second', orders.order_delivered_carrier_date::timestamp)
                - date_trunc('second', orders.order_purchase_timestamp::timestamp)
            ) / 86400, 2
        ) as days_to_ship,
        coalesce(categories.category_name, 'unknown') as category_name,
        categories.weight_g,
        categories.photos_count,
        latest_reviews.score
    from raw.order_items
    left join raw.orders
        on order_items.order_id = orders.order_id and orders._deleted_at is null
    left join categories on order_items.product_id = categories.product_id
    left join latest_reviews on order_items.order_id = latest_reviews.order_id
    where order_items._deleted_at is null

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
        count(*)::integer as order_lines,
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
        avg(score)::numeric(5, 4) as average_review_score,
        (100 * avg(is_late::integer))::numeric(5, 2) as late_percent
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
    sums.order_lines,
    sums.revenue::numeric(12, 2) as revenue,
    sums.freight_value::numeric(12, 2) as freight_value,
    sums.now::numeric(12, 2) as revenue_last_365_days,
    sums.before::numeric(12, 2) as revenue_365_days_before,
    sums.orders,
    ratings.reviewed_orders,
    sums.products,
    sums.sellers,
    (100 * sums.revenue / totals.revenue)::numeric(7, 4) as revenue_percent,
    (sums.revenue / sums.order_lines)::numeric(12, 2) as average_price,
    (100 * sums.freight_value / (sums.revenue + sums.freight_value))::numeric(5, 2)
        as freight_percent,
    ratings.average_review_score,
    ratings.late_percent,
    (100 * sums.now / nullif(sums.before, 0) - 100)::numeric(14, 2) as growth_percent
from sums
inner join ratings on sums.category_name = ratings.category_name
cross join totals
