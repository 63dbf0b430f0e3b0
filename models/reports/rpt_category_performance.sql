with

fct_orders as (

    select
        order_id,
        is_late,
        review_score
    from {{ ref('fct_orders') }}

),

fct_order_items as (

    select
        order_id,
        product_key,
        seller_key,
        purchased_at,
        price,
        freight_value,
        {{ dbt.datediff('purchased_at', 'max(purchased_at) over ()', 'day') }} as days_ago
    from {{ ref('fct_order_items') }}

),

dim_products as (

    select
        product_key,
        category_name
    from {{ ref('dim_products') }}

),

lines_summed as (

    select
        dim_products.category_name,
        cast(count(*) as integer) as line_count,
        cast(coalesce(sum(fct_order_items.price), 0) as numeric(12, 2)) as revenue,
        cast(coalesce(sum(fct_order_items.freight_value), 0) as numeric(12, 2)) as freight_value,
        cast(count(distinct fct_order_items.product_key) as integer) as products,
        cast(count(distinct fct_order_items.seller_key) as integer) as sellers,
        {{ average('fct_order_items.price', 'numeric(12, 2)', 2) }} as average_price,
        cast(coalesce(sum(
            case when fct_order_items.days_ago < 365 then fct_order_items.price end
        ), 0) as numeric(12, 2)) as revenue_last_365_days,
        cast(coalesce(sum(
            case when fct_order_items.days_ago between 365 and 729 then fct_order_items.price end
        ), 0) as numeric(12, 2)) as revenue_365_days_before
    from fct_order_items
    inner join dim_products
        on fct_order_items.product_key = dim_products.product_key
    group by dim_products.category_name

),

-- Once for each order: an order with three lines of a category is one opinion, and late once.
orders_of_categories as (

    select distinct
        dim_products.category_name,
        fct_order_items.order_id
    from fct_order_items
    inner join dim_products
        on fct_order_items.product_key = dim_products.product_key

),

orders_rated as (

    select
        orders_of_categories.category_name,
        cast(count(*) as integer) as orders,
        cast(count(fct_orders.review_score) as integer) as reviewed_orders,
        cast(count(case when fct_orders.review_score <= 2 then 1 end) as integer)
            as negative_orders,
        {{ average('fct_orders.review_score', 'numeric(5, 4)') }} as average_review_score,
        {{ share('count(case when fct_orders.is_late then 1 end)', 'count(fct_orders.is_late)') }}
            as late_share
    from orders_of_categories
    left join fct_orders
        on orders_of_categories.order_id = fct_orders.order_id
    group by orders_of_categories.category_name

),

final as (

    select
        lines_summed.*,
        orders_rated.orders,
        orders_rated.reviewed_orders,
        orders_rated.negative_orders,
        orders_rated.average_review_score,
        orders_rated.late_share,
        {{ percent(
            'lines_summed.revenue', 'sum(lines_summed.revenue) over ()', 'numeric(20, 4)', 2
        ) }} as revenue_percent,
        {{ share(
            'lines_summed.freight_value',
            'lines_summed.revenue + lines_summed.freight_value', 'numeric(18, 4)', 2,
        ) }} as freight_share,
        {{ percent(
            'lines_summed.revenue_last_365_days - lines_summed.revenue_365_days_before',
            'lines_summed.revenue_365_days_before', 'numeric(18, 2)', 2,
        ) }} as growth_percent
    from lines_summed
    inner join orders_rated
        on lines_summed.category_name = orders_rated.category_name

)

select * from final
