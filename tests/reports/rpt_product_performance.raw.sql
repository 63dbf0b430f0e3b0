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

sums as (

    select
        product_id,
        category_name,
        weight_g,
        photos_count,
        count(*)::integer as order_lines,
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
    sums.order_lines,
    sums.revenue::numeric(12, 2) as revenue,
    sums.freight_value::numeric(12, 2) as freight_value,
    sums.orders,
    scores.reviewed_orders,
    sums.sellers,
    (sums.revenue / sums.order_lines)::numeric(12, 2) as average_price,
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
