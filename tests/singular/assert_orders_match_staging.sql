-- Each order of staging is in fct_orders once and as staging has it now: an incremental run that
-- missed a late, corrected or removed row shows here. (Amounts and score:
-- assert_orders_and_their_rows_agree. Unit tests show which batches count.)
with

orders as (

    select
        orders.order_id,
        orders.order_status,
        orders.purchased_at,
        orders.approved_at,
        orders.shipped_at,
        orders.delivered_at,
        orders.estimated_delivery_on,
        customers.customer_unique_id,
        customers.zip_code_prefix,
        greatest(orders._batch_id, customers._batch_id) as _batch_id
    from {{ ref('stg_olist__orders') }} as orders
    left join {{ ref('stg_olist__customers') }} as customers
        on orders.customer_id = customers.customer_id
    where {{ changed_orders_only('orders.order_id') }}

),

facts as (

    select * from {{ ref('fct_orders') }}
    where {{ changed_orders_only('order_id') }}

),

compared as (

    select
        facts.order_id as fact_order_id,
        orders.order_id as staging_order_id,
        (
            facts.order_status <> coalesce(orders.order_status, 'unknown')
            {%- for moment in [
                "purchased_at", "approved_at", "shipped_at", "delivered_at", "estimated_delivery_on",
            ] %}
            or facts.{{ moment }} is distinct from orders.{{ moment }}
            {%- endfor %}
        ) as has_other_values,
        (
            facts.customer_key <> {{ dimension_key('orders.customer_unique_id') }}
            or facts.customer_geography_key <> {{ dimension_key('orders.zip_code_prefix') }}
        ) as has_other_keys,
        facts._batch_id < orders._batch_id as is_out_of_date
    from facts
    full outer join orders
        on facts.order_id = orders.order_id

)

select *
from compared
where
    fact_order_id is null
    or staging_order_id is null
    or has_other_values
    or has_other_keys
    or is_out_of_date
