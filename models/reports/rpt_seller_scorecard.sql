with

dim_sellers as (

    select
        seller_key,
        seller_id,
        city,
        state_code
    from {{ ref('dim_sellers') }}

),

dim_products as (

    select
        product_key,
        category_name
    from {{ ref('dim_products') }}

),

fct_order_items as (

    select
        seller_key,
        product_key,
        purchased_at
    from {{ ref('fct_order_items') }}

),

rpt_seller_orders as (

    select
        seller_key,
        line_count,
        revenue,
        freight_value,
        sellers_in_order,
        is_delivered,
        is_late,
        days_to_ship,
        review_score,
        order_status in ('canceled', 'unavailable') as is_lost
    from {{ ref('rpt_seller_orders') }}

),

lines_counted as (

    select
        fct_order_items.seller_key,
        cast(count(distinct fct_order_items.product_key) as integer) as products,
        cast(count(distinct dim_products.category_name) as integer) as categories,
        min(fct_order_items.purchased_at) as first_sale_at,
        max(fct_order_items.purchased_at) as last_sale_at
    from fct_order_items
    inner join dim_products
        on fct_order_items.product_key = dim_products.product_key
    group by fct_order_items.seller_key

),

orders_rated as (

    select
        seller_key,
        cast(sum(line_count) as integer) as line_count,
        cast(sum(revenue) as numeric(12, 2)) as revenue,
        cast(sum(freight_value) as numeric(12, 2)) as freight_value,
        cast(count(*) as integer) as orders,
        cast(count(case when sellers_in_order > 1 then 1 end) as integer) as shared_orders,
        cast(count(case when is_delivered then 1 end) as integer) as delivered_orders,
        cast(count(case when is_late then 1 end) as integer) as late_orders,
        cast(count(case when is_lost then 1 end) as integer) as lost_orders,
        cast(count(review_score) as integer) as reviewed_orders,
        {{ average('days_to_ship', 'numeric(10, 2)', 2) }} as average_days_to_ship,
        {{ share('count(case when is_late then 1 end)', 'count(is_late)') }} as late_share,
        {{ share('count(case when is_lost then 1 end)', 'count(*)') }} as lost_share,
        {{ average('review_score', 'numeric(5, 4)') }} as average_review_score
    from rpt_seller_orders
    group by seller_key

),

final as (

    select
        orders_rated.*,
        dim_sellers.seller_id,
        dim_sellers.city,
        dim_sellers.state_code,
        lines_counted.products,
        lines_counted.categories,
        lines_counted.first_sale_at,
        lines_counted.last_sale_at,
        {{ percent(
            'orders_rated.revenue', 'sum(orders_rated.revenue) over ()', 'numeric(20, 4)', 2
        ) }} as revenue_percent,
        cast(row_number() over (
            order by
                orders_rated.revenue desc, dim_sellers.seller_id asc, dim_sellers.seller_key asc
        ) as integer) as revenue_rank,
        {{ seller_tier(
            'orders_rated.orders', 'orders_rated.average_review_score',
            'orders_rated.late_share', 'orders_rated.lost_share',
        ) }} as tier
    from orders_rated
    inner join dim_sellers
        on orders_rated.seller_key = dim_sellers.seller_key
    inner join lines_counted
        on dim_sellers.seller_key = lines_counted.seller_key

)

select * from final
