with

latest_reviews as (

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

orders_of_sellers as (

    select
        seller_id,
        order_id,
        count(*) as line_count,
        sum(price::numeric(12, 2)) as revenue
    from raw.order_items
    where _until_batch_id is null
    group by seller_id, order_id

),

sold as (

    select
        orders_of_sellers.seller_id,
        count(*) as orders,
        sum(orders_of_sellers.line_count) as line_count,
        coalesce(sum(orders_of_sellers.revenue), 0) as revenue,
        round(avg(latest_reviews.score), 4) as average_review_score
    from orders_of_sellers
    left join latest_reviews on orders_of_sellers.order_id = latest_reviews.order_id
    group by orders_of_sellers.seller_id

),

everything as (select sum(revenue) as revenue from sold)

select
    sold.seller_id,
    coalesce(nullif(btrim(sellers.seller_city), ''), 'unknown') as city,
    coalesce(nullif(btrim(sellers.seller_state), ''), 'unknown') as state_code,
    sold.orders,
    sold.line_count,
    sold.revenue,
    round(100 * sold.revenue / nullif(everything.revenue, 0), 4) as revenue_percent,
    sold.average_review_score
from sold
cross join everything
left join raw.sellers
    on sold.seller_id = sellers.seller_id and sellers._until_batch_id is null
where sold.seller_id is not null
order by sold.revenue desc, sold.seller_id asc
limit 20
