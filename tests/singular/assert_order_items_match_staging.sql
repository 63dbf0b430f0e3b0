-- Each line of staging is in fct_order_items once and as staging has it now: values, keys of
-- product and seller, and the day of its shipping limit. (Its other keys:
-- assert_orders_and_their_rows_agree.)
with

order_items as (

    select
        items.order_item_key,
        items.order_id,
        items.order_item_id,
        items.product_id,
        items.seller_id,
        items.price,
        items.freight_value,
        items.shipping_limit_at,
        sellers.zip_code_prefix,
        greatest(items._batch_id, sellers._batch_id) as _batch_id
    from {{ ref('stg_olist__order_items') }} as items
    left join {{ ref('stg_olist__sellers') }} as sellers
        on items.seller_id = sellers.seller_id
    where {{ changed_orders_only('items.order_id') }}

),

facts as (

    select * from {{ ref('fct_order_items') }}
    where {{ changed_orders_only('order_id') }}

),

compared as (

    select
        facts.order_item_key as fact_key,
        order_items.order_item_key as staging_key,
        (
            facts.order_id <> order_items.order_id
            or facts.order_item_id is distinct from order_items.order_item_id
            or facts.price is distinct from order_items.price
            or facts.freight_value is distinct from order_items.freight_value
        ) as has_other_values,
        (
            facts.product_key <> {{ dimension_key('order_items.product_id') }}
            or facts.seller_key <> {{ dimension_key('order_items.seller_id') }}
            or facts.seller_geography_key <> {{ dimension_key('order_items.zip_code_prefix') }}
            or facts.shipping_limit_date_key <> {{ date_key('order_items.shipping_limit_at') }}
        ) as has_other_keys,
        facts._batch_id < order_items._batch_id as is_out_of_date
    from facts
    full outer join order_items
        on facts.order_item_key = order_items.order_item_key

)

select *
from compared
where
    fact_key is null
    or staging_key is null
    or has_other_values
    or has_other_keys
    or is_out_of_date
