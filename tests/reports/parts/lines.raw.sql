-- Each order line, with what its order and its product say.
with

categories as (

    select
        products.product_id,
        coalesce(
            nullif(btrim(translations.product_category_name_english), ''),
            nullif(btrim(products.product_category_name), ''),
            'unknown'
        ) as category_name,
        products.product_weight_g::integer as weight_g,
        products.product_photos_qty::integer as photos_count
    from raw.products
    left join raw.product_category_name_translation as translations
        on
            btrim(products.product_category_name) = btrim(translations.product_category_name)
            and translations._until_batch_id is null
    where products._until_batch_id is null

)

select
    order_items.order_id,
    order_items.product_id,
    order_items.seller_id,
    order_items.price::numeric(12, 2) as price,
    order_items.freight_value::numeric(12, 2) as freight_value,
    orders.order_purchase_timestamp::timestamp as sold_at,
    btrim(orders.order_status) as order_status,
    orders.order_status = 'delivered' as is_delivered,
    case
        when orders.order_status = 'delivered'
            then orders.order_delivered_customer_date::date
            > orders.order_estimated_delivery_date::date
    end as is_late,
    round(
        extract(
            epoch from date_trunc('second', orders.order_delivered_carrier_date::timestamp)
            - date_trunc('second', orders.order_purchase_timestamp::timestamp)
        ) / 86400, 2
    ) as days_to_ship,
    coalesce(categories.category_name, 'unknown') as category_name,
    categories.weight_g,
    categories.photos_count,
    latest_reviews.score
from raw.order_items
left join raw.orders
    on order_items.order_id = orders.order_id and orders._until_batch_id is null
left join categories on order_items.product_id = categories.product_id
left join {{ part('latest_reviews') }}
    on order_items.order_id = latest_reviews.order_id
where order_items._until_batch_id is null
