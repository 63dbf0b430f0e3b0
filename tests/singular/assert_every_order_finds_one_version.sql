-- A join as of the purchase neither loses a line nor doubles one: each member has one version at
-- any moment. The example in models/marts/README.md leans on it.
with

versions_found as (

    select
        fct_order_items.order_item_key,
        count(*) as join_rows,
        count(products.product_version_key) as product_versions,
        count(sellers.seller_version_key) as seller_versions,
        count(customers.customer_version_key) as customer_versions
    from {{ ref('fct_order_items') }} as fct_order_items
    left join {{ ref('dim_products_history') }} as products
        on
            fct_order_items.product_key = products.product_key
            and fct_order_items.purchased_at >= products.valid_from
            and fct_order_items.purchased_at < products.valid_to
    left join {{ ref('dim_sellers_history') }} as sellers
        on
            fct_order_items.seller_key = sellers.seller_key
            and fct_order_items.purchased_at >= sellers.valid_from
            and fct_order_items.purchased_at < sellers.valid_to
    left join {{ ref('dim_customers_history') }} as customers
        on
            fct_order_items.customer_key = customers.customer_key
            and fct_order_items.purchased_at >= customers.valid_from
            and fct_order_items.purchased_at < customers.valid_to
    where fct_order_items.purchased_at is not null
    group by fct_order_items.order_item_key

)

select *
from versions_found
where
    join_rows <> 1
    or product_versions <> 1
    or seller_versions <> 1
    or customer_versions <> 1
