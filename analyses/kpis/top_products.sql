-- Which twenty products sell most, and do their buyers like them? Grain: product.
-- Trap: the source has no quantity: three units are three lines of one order. The score is that of
-- the order, which counts once per product.
with

products as (

    select
        product_key,
        count(*) as line_count,
        coalesce(sum(price), 0) as revenue,
        round(avg(price), 2) as average_price,
        round(100 * coalesce(sum(price), 0) / nullif(sum(sum(price)) over (), 0), 2)
            as revenue_percent
    from {{ ref('fct_order_items') }}
    group by product_key

),

ranked as (

    select
        products.*,
        dim_products.product_id,
        dim_products.category_name,
        row_number() over (
            order by products.revenue desc, dim_products.product_id asc
        ) as product_rank
    from products
    inner join {{ ref('dim_products') }} as dim_products
        on products.product_key = dim_products.product_key
    where products.product_key <> '-1'

),

their_orders as (

    select distinct
        ranked.product_rank,
        fct_order_items.order_id
    from ranked
    inner join {{ ref('fct_order_items') }} as fct_order_items
        on ranked.product_key = fct_order_items.product_key
    where ranked.product_rank <= 20

),

scores as (

    select
        their_orders.product_rank,
        count(*) as orders,
        round(avg(fct_orders.review_score), 2) as average_score
    from their_orders
    left join {{ ref('fct_orders') }} as fct_orders
        on their_orders.order_id = fct_orders.order_id
    group by their_orders.product_rank

)

select
    ranked.product_rank,
    ranked.product_id,
    ranked.category_name,
    scores.orders,
    ranked.line_count,
    ranked.revenue,
    ranked.revenue_percent,
    ranked.average_price,
    scores.average_score
from ranked
inner join scores
    on ranked.product_rank = scores.product_rank
order by ranked.product_rank
