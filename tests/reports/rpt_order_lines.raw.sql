with

latest_reviews as (

    select *
    from {{ part('latest_reviews') }}

),

places as (

    select *
    from {{ part('places') }}

),

states as (

    select *
    from {{ part('states') }}

),

orders as (

    select
        orders.order_id,
        orders.order_status,
        orders.order_purchase_timestamp::timestamp as purchased_at,
        orders.order_approved_at::timestamp as approved_at,
        orders.order_delivered_carrier_date::timestamp as shipped_at,
        orders.order_delivered_customer_date::timestamp as delivered_at,
        orders.order_estimated_delivery_date::date as estimated_delivery_on,
        orders.order_status = 'delivered' as is_delivered,
        customers.customer_unique_id,
        btrim(customers.customer_zip_code_prefix) as zip_code_prefix
    from raw.orders
    left join raw.customers
        on orders.customer_id = customers.customer_id and customers._until_batch_id is null
    where orders._until_batch_id is null

),

described as (

    select
        items.order_id,
        items.order_item_id,
        items.product_id,
        items.seller_id,
        items.price,
        items.freight_value,
        orders.order_status,
        orders.purchased_at,
        orders.approved_at,
        orders.shipped_at,
        orders.delivered_at,
        orders.estimated_delivery_on,
        orders.is_delivered,
        orders.customer_unique_id,
        orders.zip_code_prefix,
        latest_reviews.score,
        places.city,
        states.state_code,
        states.state_name,
        states.region,
        btrim(sellers.seller_city) as seller_city,
        btrim(sellers.seller_state) as seller_state,
        sellers_states.state_name as seller_state_name,
        nullif(btrim(products.product_category_name), '') as category_name_portuguese,
        btrim(names.product_category_name_english) as category_name_english,
        products.product_weight_g::integer as weight_g,
        case when orders.is_delivered then orders.delivered_at::date > orders.estimated_delivery_on
        end as is_late
    from raw.order_items as items
    left join orders using (order_id)
    left join latest_reviews using (order_id)
    left join places on orders.zip_code_prefix = places.zip_code_prefix
    left join states on places.state_code = states.state_code
    left join raw.sellers
        on items.seller_id = sellers.seller_id and sellers._until_batch_id is null
    left join states as sellers_states on btrim(sellers.seller_state) = sellers_states.state_code
    left join raw.products
        on items.product_id = products.product_id and products._until_batch_id is null
    left join raw.product_category_name_translation as names
        on
            btrim(products.product_category_name) = btrim(names.product_category_name)
            and names._until_batch_id is null
    where items._until_batch_id is null

)

select
    order_id,
    order_item_id::integer as order_item_id,
    order_status,
    purchased_at,
    approved_at,
    shipped_at,
    delivered_at,
    estimated_delivery_on,
    is_delivered,
    is_late,
    score as review_score,
    customer_unique_id,
    zip_code_prefix as customer_zip_code_prefix,
    city as customer_city,
    state_code as customer_state_code,
    state_name as customer_state_name,
    region as customer_region,
    seller_id,
    seller_city,
    seller_state as seller_state_code,
    seller_state_name,
    product_id,
    coalesce(category_name_english, category_name_portuguese, 'unknown') as category_name,
    coalesce(category_name_portuguese, 'unknown') as category_name_portuguese,
    1 as line_count,
    price::numeric(12, 2) as price,
    freight_value::numeric(12, 2) as freight_value,
    is_delivered::integer as delivered_lines,
    is_late::integer as late_lines,
    md5(order_id || '-' || order_item_id) as order_item_key,
    (extract(epoch from shipped_at - purchased_at) / 86400)::numeric(10, 2) as days_to_ship,
    (extract(epoch from delivered_at - purchased_at) / 86400)::numeric(10, 2) as days_to_deliver,
    purchased_at::date as purchased_on,
    extract(year from purchased_at)::integer as year,
    to_char(purchased_at, 'YYYY-"Q"Q') as year_quarter,
    to_char(purchased_at, 'YYYY-MM') as year_month,
    to_char(purchased_at, 'FMMonth') as month_name,
    date_trunc('week', purchased_at)::date as week_starts_on,
    to_char(purchased_at, 'FMDay') as day_name,
    extract(isodow from purchased_at) >= 6 as is_weekend,
    exists (
        select from seeds.holidays where holiday_on = purchased_at::date
    ) as is_holiday,
    coalesce((
        select weight_band from seeds.weight_bands
        where weight_g > above_g and weight_g <= coalesce(up_to_g, weight_g)
    ), 'unknown') as weight_band,
    (price::numeric(12, 2) + freight_value::numeric(12, 2)) as item_total
from described
