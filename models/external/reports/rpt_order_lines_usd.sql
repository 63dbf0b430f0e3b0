{{ config(indexes=[{'columns': ['order_id']}]) }}

with

fct_order_items as (

    select
        order_item_key,
        customer_key,
        seller_key,
        product_key,
        customer_geography_key,
        seller_geography_key,
        purchased_date_key,
        order_id,
        order_status,
        purchased_at,
        price
    from {{ ref('fct_order_items') }}

),

fct_exchange_rates as (

    select
        date_key,
        rated_on,
        usd_per_brl
    from {{ ref('fct_exchange_rates') }}

),

final as (

    select
        ---------- primary key
        fct_order_items.order_item_key,

        ---------- foreign keys
        fct_order_items.customer_key,
        fct_order_items.seller_key,
        fct_order_items.product_key,
        fct_order_items.customer_geography_key,
        fct_order_items.seller_geography_key,
        fct_order_items.purchased_date_key,

        ---------- order
        fct_order_items.order_id,
        fct_order_items.order_status,
        fct_order_items.purchased_at,

        ---------- measures; dollars are not rounded, so that their sum is that of the days
        fct_order_items.price,
        fct_exchange_rates.usd_per_brl,
        fct_exchange_rates.rated_on,
        cast(fct_order_items.price * fct_exchange_rates.usd_per_brl as numeric(22, 10))
            as price_usd
    from fct_order_items
    left join fct_exchange_rates
        on fct_order_items.purchased_date_key = fct_exchange_rates.date_key

)

select * from final
