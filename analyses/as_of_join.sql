-- What did each category sell from each state, by category and state at the time of the order?
-- Grain: category and seller state.
-- Trap: every line matches exactly one version of its product and seller, because valid_to is
-- exclusive (tests/generic/versions_follow_each_other.sql). A line without a purchase time,
-- because its order has not arrived, uses the current version.
select
    products.category_name,
    sellers.state_code,
    sum(order_items.price) as revenue
from {{ ref('fct_order_items') }} as order_items
inner join {{ ref('dim_products_history') }} as products
    on
        order_items.product_key = products.product_key
        and coalesce(order_items.purchased_at, cast('9999-12-30' as timestamp))
        >= products.valid_from
        and coalesce(order_items.purchased_at, cast('9999-12-30' as timestamp))
        < products.valid_to
inner join {{ ref('dim_sellers_history') }} as sellers
    on
        order_items.seller_key = sellers.seller_key
        and coalesce(order_items.purchased_at, cast('9999-12-30' as timestamp))
        >= sellers.valid_from
        and coalesce(order_items.purchased_at, cast('9999-12-30' as timestamp))
        < sellers.valid_to
group by
    products.category_name,
    sellers.state_code
order by
    revenue desc,
    products.category_name asc,
    sellers.state_code asc
