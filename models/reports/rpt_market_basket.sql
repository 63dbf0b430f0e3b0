with

fct_order_items as (

    select
        order_id,
        product_key
    from {{ ref('fct_order_items') }}

),

dim_products as (

    select
        product_key,
        category_name
    from {{ ref('dim_products') }}

),

-- Several lines of one category are one: an order has a category or not.
lines_put_in_baskets as (

    select distinct
        fct_order_items.order_id,
        dim_products.category_name
    from fct_order_items
    inner join dim_products
        on fct_order_items.product_key = dim_products.product_key

),

baskets_counted as (

    select count(distinct order_id) as baskets
    from lines_put_in_baskets

),

categories_counted as (

    select
        category_name,
        cast(count(*) as integer) as orders
    from lines_put_in_baskets
    group by category_name

),

pairs_counted as (

    select
        first_ones.category_name as first_category,
        second_ones.category_name as second_category,
        cast(count(*) as integer) as orders
    from lines_put_in_baskets as first_ones
    inner join lines_put_in_baskets as second_ones
        on
            first_ones.order_id = second_ones.order_id
            and first_ones.category_name < second_ones.category_name
    group by first_ones.category_name, second_ones.category_name

),

pairs_joined_to_categories as (

    select
        pairs_counted.*,
        baskets_counted.baskets,
        first_ones.orders as first_category_orders,
        second_ones.orders as second_category_orders
    from pairs_counted
    inner join categories_counted as first_ones
        on pairs_counted.first_category = first_ones.category_name
    inner join categories_counted as second_ones
        on pairs_counted.second_category = second_ones.category_name
    cross join baskets_counted

),

final as (

    select
        ---------- primary key
        {{ dbt_utils.generate_surrogate_key(['first_category', 'second_category']) }} as pair_key,

        ---------- pair
        first_category,
        second_category,
        'unknown' in (first_category, second_category) as has_unknown_category,

        ---------- counts
        orders,
        first_category_orders,
        second_category_orders,

        ---------- association
        {{ quotient('100.0 * orders', 'baskets', 'numeric(7, 4)', 1) }} as support_percent,
        {{ quotient('100.0 * orders', 'first_category_orders', 'numeric(5, 2)', 1) }}
            as first_confidence_percent,
        {{ quotient('100.0 * orders', 'second_category_orders', 'numeric(5, 2)', 1) }}
            as second_confidence_percent,
        {{ quotient(
            '1.0 * orders * baskets',
            '(cast(first_category_orders as bigint) * second_category_orders)', 'numeric(12, 3)', 1
        ) }} as lift
    from pairs_joined_to_categories

)

select * from final
