with

scores as (

    select distinct on (order_reviews.order_id)
        order_reviews.order_id,
        order_reviews.review_score::integer as score
    from raw.order_reviews
    inner join raw.orders
        on order_reviews.order_id = orders.order_id and orders._until_batch_id is null
    where order_reviews._until_batch_id is null
    order by
        order_reviews.order_id asc,
        order_reviews.review_answer_timestamp::timestamp desc nulls last,
        order_reviews.review_creation_date::timestamp desc nulls last,
        order_reviews.review_id desc

),

by_order as (

    select
        product_id,
        order_id,
        count(*) as line_count,
        count(price) as priced_count,
        sum(price::numeric(12, 2)) as price
    from raw.order_items
    where _until_batch_id is null
    group by product_id, order_id

),

sold as (

    select
        by_order.product_id,
        count(*) as orders,
        sum(by_order.line_count) as line_count,
        sum(by_order.priced_count) as priced_count,
        coalesce(sum(by_order.price), 0) as revenue,
        round(avg(scores.score), 2) as average_score
    from by_order
    left join scores on by_order.order_id = scores.order_id
    group by by_order.product_id

),

best as (

    select
        sold.*,
        (select sum(price) from by_order) as all_revenue
    from sold
    where product_id is not null
    order by revenue desc, product_id asc
    limit 20

)

select
    row_number() over (order by best.revenue desc, best.product_id asc) as product_rank,
    best.product_id,
    coalesce(
        btrim(translations.product_category_name_english),
        nullif(btrim(products.product_category_name), ''),
        'unknown'
    ) as category_name,
    best.orders,
    best.line_count,
    best.revenue,
    round(100 * best.revenue / nullif(best.all_revenue, 0), 2) as revenue_percent,
    round(best.revenue / nullif(best.priced_count, 0), 2) as average_price,
    best.average_score
from best
left join raw.products
    on best.product_id = products.product_id and products._until_batch_id is null
left join raw.product_category_name_translation as translations
    on
        btrim(products.product_category_name) = btrim(translations.product_category_name)
        and translations._until_batch_id is null
order by 1
