with

latest_reviews as (

    select distinct on (order_id)
        order_id,
        review_score::integer as score
    from raw.order_reviews
    where _until_batch_id is null
    order by
        order_id,
        review_answer_timestamp::timestamp desc nulls last,
        review_creation_date::timestamp desc nulls last,
        review_id desc

),

baskets as (

    select distinct
        order_items.order_id,
        coalesce(
            btrim(translations.product_category_name_english),
            nullif(btrim(products.product_category_name), ''),
            'unknown'
        ) as category_name
    from raw.order_items
    left join raw.products
        on order_items.product_id = products.product_id and products._until_batch_id is null
    left join raw.product_category_name_translation as translations
        on
            btrim(products.product_category_name) = btrim(translations.product_category_name)
            and translations._until_batch_id is null
    where order_items._until_batch_id is null

)

select
    baskets.category_name,
    count(*) as reviewed_orders,
    round(avg(latest_reviews.score), 4) as average_review_score,
    round(100.0 * count(*) filter (where latest_reviews.score <= 2) / count(*), 1)
        as negative_percent
from baskets
inner join raw.orders
    on baskets.order_id = orders.order_id and orders._until_batch_id is null
inner join latest_reviews
    on baskets.order_id = latest_reviews.order_id
where latest_reviews.score is not null
group by baskets.category_name
order by average_review_score desc, baskets.category_name asc
