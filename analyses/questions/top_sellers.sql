-- Which twenty sellers sell most, what share of the total, and are their buyers happy? Grain:
-- seller.
-- Trap: an order may have several sellers, so orders of sellers do not add up; an order counts
-- once in a seller's score; and lines of unknown sellers are part of the total, though not a
-- seller.
with

sellers as (

    select
        seller_key,
        count(*) as line_count,
        coalesce(sum(price), 0) as revenue,
        round(100 * coalesce(sum(price), 0) / nullif(sum(sum(price)) over (), 0), 2)
            as revenue_percent
    from {{ ref('fct_order_items') }}
    group by seller_key

),

top_sellers as (

    select
        sellers.*,
        dim_sellers.seller_id,
        dim_sellers.city,
        dim_sellers.state_code
    from sellers
    inner join {{ ref('dim_sellers') }}
        on sellers.seller_key = dim_sellers.seller_key
    where sellers.seller_key <> '-1'
    order by sellers.revenue desc, dim_sellers.seller_id asc
    limit 20

),

their_orders as (

    select distinct
        top_sellers.seller_id,
        fct_order_items.order_id
    from top_sellers
    inner join {{ ref('fct_order_items') }}
        on top_sellers.seller_key = fct_order_items.seller_key

),

scores as (

    select
        their_orders.seller_id,
        count(*) as orders,
        round(avg(fct_orders.review_score), 2) as average_score
    from their_orders
    left join {{ ref('fct_orders') }}
        on their_orders.order_id = fct_orders.order_id
    group by their_orders.seller_id

)

select
    top_sellers.seller_id,
    top_sellers.city,
    top_sellers.state_code,
    scores.orders,
    top_sellers.line_count,
    top_sellers.revenue,
    top_sellers.revenue_percent,
    scores.average_score
from top_sellers
inner join scores
    on top_sellers.seller_id = scores.seller_id
order by top_sellers.revenue desc, top_sellers.seller_id asc
