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

deliveries as (

    select
        orders.order_delivered_customer_date::date
        - orders.order_estimated_delivery_date::date as days_behind,
        latest_reviews.score
    from raw.orders
    inner join latest_reviews on orders.order_id = latest_reviews.order_id
    where
        orders._until_batch_id is null
        and btrim(orders.order_status) = 'delivered'
        and orders.order_delivered_customer_date is not null
        and orders.order_estimated_delivery_date is not null
        and latest_reviews.score is not null

)

select
    case
        when days_behind > 7 then '5: later'
        when days_behind > 3 then '4: up to 7 days late'
        when days_behind > 0 then '3: up to 3 days late'
        when days_behind > -8 then '2: in time'
        else '1: 8 days early or more'
    end as delivery,
    count(*) as orders,
    round(avg(score), 2) as average_score,
    round(100.0 * sum(case when score = 1 then 1 else 0 end) / count(*), 1) as one_star_percent
from deliveries
group by 1
order by 1
