-- Which categories are bought in one order? Grain: pair of categories, each pair once; only the 50
-- most frequent.
-- Support is the share of all orders with a line that have both; confidence the share of the
-- orders with the first (second) category that have the other too; lift the frequency relative to
-- chance: below 1 is less often than by chance, as for 48 of the 50 pairs in the Olist data, where
-- few orders have two categories.
-- Trap: two lines of one category are no pair, and three lines of one count once; products without
-- a category are one category, 'unknown'.
-- Nine orders in ten have one line: only the others have pairs, or need deduplication.

with

larger_orders as (

    select distinct order_id
    from {{ ref('fct_order_items') }}
    where order_item_id > 1

),

their_lines as (

    select
        fct_order_items.order_id,
        dim_products.category_name
    from larger_orders
    inner join {{ ref('fct_order_items') }}
        on larger_orders.order_id = fct_order_items.order_id
    inner join {{ ref('dim_products') }}
        on fct_order_items.product_key = dim_products.product_key

),

baskets as (

    select distinct
        order_id,
        category_name
    from their_lines

),

categories as (

    select
        category_name,
        sum(orders) as orders
    from (
        select
            dim_products.category_name,
            count(*) as orders
        from {{ ref('fct_order_items') }}
        inner join {{ ref('dim_products') }}
            on fct_order_items.product_key = dim_products.product_key
        group by dim_products.category_name

        union all

        select
            category_name,
            -1 * count(*) as orders
        from their_lines
        group by category_name

        union all

        select
            category_name,
            count(*) as orders
        from baskets
        group by category_name
    ) as parts
    group by category_name

),

all_orders as (

    select count(*) as orders
    from {{ ref('fct_orders') }}
    where item_count > 0

),

pairs as (

    select
        first_ones.category_name as first_category,
        second_ones.category_name as second_category,
        count(*) as orders
    from baskets as first_ones
    inner join baskets as second_ones
        on
            first_ones.order_id = second_ones.order_id
            and first_ones.category_name < second_ones.category_name
    group by first_ones.category_name, second_ones.category_name

)

select
    pairs.first_category,
    pairs.second_category,
    pairs.orders,
    round(100.0 * pairs.orders / all_orders.orders, 4) as support_percent,
    round(100.0 * pairs.orders / first_ones.orders, 2) as first_confidence_percent,
    round(100.0 * pairs.orders / second_ones.orders, 2) as second_confidence_percent,
    round(1.0 * pairs.orders * all_orders.orders / (first_ones.orders * second_ones.orders), 3)
        as lift
from pairs
inner join categories as first_ones
    on pairs.first_category = first_ones.category_name
inner join categories as second_ones
    on pairs.second_category = second_ones.category_name
cross join all_orders
order by pairs.orders desc, pairs.first_category asc, pairs.second_category asc
limit 50
