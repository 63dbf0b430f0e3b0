with

fct_order_items as (

    select
        order_id,
        product_key,
        seller_key,
        purchased_at,
        price,
        freight_value
    from {{ ref('fct_order_items') }}

),

fct_orders as (

    select
        order_id,
        review_score
    from {{ ref('fct_orders') }}

),

dim_products as (

    select
        product_key,
        product_id,
        category_name,
        weight_band,
        photos_count
    from {{ ref('dim_products') }}

),

lines_summed as (

    select
        product_key,
        cast(count(*) as integer) as line_count,
        cast(coalesce(sum(price), 0) as numeric(12, 2)) as revenue,
        cast(coalesce(sum(freight_value), 0) as numeric(12, 2)) as freight_value,
        cast(count(distinct seller_key) as integer) as sellers,
        {{ average('price', 'numeric(12, 2)', 2) }} as average_price,
        min(purchased_at) as first_sale_at,
        max(purchased_at) as last_sale_at
    from fct_order_items
    group by product_key

),

-- Once for each order: five pieces in an order are one opinion of the buyer.
orders_of_products as (

    select distinct
        product_key,
        order_id
    from fct_order_items

),

orders_rated as (

    select
        orders_of_products.product_key,
        cast(count(*) as integer) as orders,
        cast(count(fct_orders.review_score) as integer) as reviewed_orders,
        {{ average('fct_orders.review_score', 'numeric(5, 4)') }} as average_review_score
    from orders_of_products
    left join fct_orders
        on orders_of_products.order_id = fct_orders.order_id
    group by orders_of_products.product_key

),

final as (

    select
        ---------- primary key
        dim_products.product_key,

        ---------- product
        dim_products.product_id,
        dim_products.category_name,
        dim_products.weight_band,
        dim_products.photos_count,
        lines_summed.first_sale_at,
        lines_summed.last_sale_at,

        ---------- measures that add up
        lines_summed.line_count,
        lines_summed.revenue,
        lines_summed.freight_value,

        ---------- counts that do not
        orders_rated.orders,
        orders_rated.reviewed_orders,
        lines_summed.sellers,

        ---------- averages, shares and rank
        lines_summed.average_price,
        orders_rated.average_review_score,
        {{ percent(
            'lines_summed.revenue',
            'sum(lines_summed.revenue) over (partition by dim_products.category_name)',
            'numeric(20, 4)', 2,
        ) }} as category_revenue_percent,
        cast(row_number() over (
            partition by dim_products.category_name
            order by
                lines_summed.revenue desc,
                dim_products.product_id asc,
                dim_products.product_key asc
        ) as integer) as category_rank
    from lines_summed
    inner join orders_rated
        on lines_summed.product_key = orders_rated.product_key
    inner join dim_products
        on lines_summed.product_key = dim_products.product_key

)

select * from final
