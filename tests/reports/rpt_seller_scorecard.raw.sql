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

crowds as (

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
        count(*)::integer as order_lines,
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
        crowds.sellers
    from lines
    inner join crowds on lines.order_id = crowds.order_id
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
            as cancelled_orders,
        count(score)::integer as reviewed_orders,
        avg(days_to_ship)::numeric(10, 2) as average_days_to_ship,
        avg(score)::numeric(5, 4) as average_review_score,
        (100 * avg(is_late::integer))::numeric(5, 2) as late_percent,
        (100 * avg((order_status in ('canceled', 'unavailable'))::integer))::numeric(5, 2)
            as cancelled_percent
    from opinions
    group by seller_id

)

select
    sums.seller_id,
    coalesce(btrim(sellers.seller_city), 'unknown') as city,
    coalesce(btrim(sellers.seller_state), 'unknown') as state_code,
    sums.first_sale_at,
    sums.last_sale_at,
    sums.order_lines,
    sums.revenue::numeric(12, 2) as revenue,
    sums.freight_value::numeric(12, 2) as freight_value,
    ratings.orders,
    ratings.shared_orders,
    ratings.delivered_orders,
    ratings.late_orders,
    ratings.cancelled_orders,
    ratings.reviewed_orders,
    sums.products,
    sums.categories,
    (100 * sums.revenue / (select sum(lines.price) from lines))::numeric(7, 4) as revenue_percent,
    ratings.average_review_score,
    ratings.average_days_to_ship,
    ratings.late_percent,
    ratings.cancelled_percent,
    (
        rank() over (order by sums.revenue desc)
        + row_number() over (partition by sums.revenue order by sums.seller_id) - 1
    )::integer as revenue_rank,
    case
        when ratings.orders < 10 then 'new'
        when
            ratings.average_review_score < 3.5
            or ratings.late_percent > 15
            or ratings.cancelled_percent > 5
            then 'watch'
        when
            ratings.average_review_score >= 4.2
            and ratings.late_percent <= 5
            and ratings.cancelled_percent <= 1
            then 'top'
        else 'good'
    end as tier
from sums
inner join ratings on sums.seller_id = ratings.seller_id
left join raw.sellers on sums.seller_id = sellers.seller_id and sellers._deleted_at is null
