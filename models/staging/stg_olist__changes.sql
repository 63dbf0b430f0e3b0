{#- The raw tables that facts are made from, and the column by which a row finds its orders. -#}
{% set id_columns = {
    "orders": "order_id",
    "order_items": "order_id",
    "order_payments": "order_id",
    "order_reviews": "order_id",
    "customers": "customer_id",
    "sellers": "seller_id",
} %}

with

changes as (

    {{ changes_of('olist', id_columns) }}

)

select * from changes
