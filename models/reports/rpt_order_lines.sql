{{ config(
    incremental_predicates=["{{ changed_orders_only('order_id') }}"],
    indexes=[{'columns': ['order_id']}],
) }}

with

fct_order_items as (

    select *
    from {{ ref('fct_order_items') }}
    where {{ changed_orders_only('order_id') }}

),

fct_orders as (

    select *
    from {{ ref('fct_orders') }}
    where {{ changed_orders_only('order_id') }}

),

dim_dates as (

    select *
    from {{ ref('dim_dates') }}

),

dim_customers as (

    select *
    from {{ ref('dim_customers') }}

),

dim_sellers as (

    select *
    from {{ ref('dim_sellers') }}

),

dim_products as (

    select *
    from {{ ref('dim_products') }}

),

dim_geographies as (

    select *
    from {{ ref('dim_geographies') }}

),

final as (

    select
        ---------- primary key
        fct_order_items.order_item_key,

        ---------- order
        fct_order_items.order_id,
        fct_order_items.order_item_id,
        fct_order_items.order_status,
        fct_orders.purchased_at,
        fct_orders.approved_at,
        fct_orders.shipped_at,
        fct_orders.delivered_at,
        fct_orders.estimated_delivery_on,
        fct_orders.days_to_ship,
        fct_orders.days_to_deliver,
        fct_orders.is_late,
        fct_orders.review_score,

        ---------- day of purchase
        dim_dates.date_day as purchased_on,
        dim_dates.year,
        dim_dates.year_quarter,
        dim_dates.year_month,
        dim_dates.month_name,
        dim_dates.week_starts_on,
        dim_dates.day_name,
        dim_dates.is_weekend,
        dim_dates.is_holiday,

        ---------- customer, where the order was delivered
        dim_customers.customer_unique_id,
        customer_places.zip_code_prefix as customer_zip_code_prefix,
        customer_places.city as customer_city,
        customer_places.state_code as customer_state_code,
        customer_places.state_name as customer_state_name,
        customer_places.region as customer_region,

        ---------- seller
        dim_sellers.seller_id,
        dim_sellers.city as seller_city,
        dim_sellers.state_code as seller_state_code,
        dim_sellers.state_name as seller_state_name,

        ---------- product
        dim_products.product_id,
        dim_products.category_name,
        dim_products.category_name_portuguese,
        dim_products.weight_band,

        ---------- measures
        fct_order_items.price,
        fct_order_items.freight_value,
        fct_order_items.item_total,
        fct_orders.late_orders as late_lines,
        1 as line_count,
        coalesce(fct_orders.delivered_orders, 0) as delivered_lines,
        coalesce(fct_orders.is_delivered, false) as is_delivered
    from fct_order_items
    inner join dim_dates
        on fct_order_items.purchased_date_key = dim_dates.date_key
    inner join dim_customers
        on fct_order_items.customer_key = dim_customers.customer_key
    inner join dim_geographies as customer_places
        on fct_order_items.customer_geography_key = customer_places.geography_key
    inner join dim_sellers
        on fct_order_items.seller_key = dim_sellers.seller_key
    inner join dim_products
        on fct_order_items.product_key = dim_products.product_key
    left join fct_orders
        on fct_order_items.order_id = fct_orders.order_id

)

select * from final
