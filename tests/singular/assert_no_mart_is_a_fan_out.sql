-- Joining an order's lines, payments and reviews multiplies them by each other; published figures
-- were made that way. No fact may have the rows, nor its money the sum, of that join, unless the
-- join happens to multiply nothing (then both are right).
with

fan_out as (

    select
        count(*) as row_count,
        sum(order_items.price) as items_value,
        sum(payments.payment_value) as payments_value
    from {{ ref('stg_olist__orders') }} as orders
    inner join {{ ref('stg_olist__order_items') }} as order_items
        on orders.order_id = order_items.order_id
    inner join {{ ref('stg_olist__order_payments') }} as payments
        on orders.order_id = payments.order_id
    inner join {{ ref('stg_olist__order_reviews') }} as order_reviews
        on orders.order_id = order_reviews.order_id

),

grains as (

    select
        (select count(*) from {{ ref('stg_olist__orders') }}) as orders,
        (select count(*) from {{ ref('stg_olist__order_items') }}) as order_items,
        (select count(*) from {{ ref('stg_olist__order_payments') }}) as payments,
        (select count(*) from {{ ref('stg_olist__order_reviews') }}) as reviews,
        (select sum(price) from {{ ref('stg_olist__order_items') }}) as items_value,
        (select sum(payment_value) from {{ ref('stg_olist__order_payments') }}) as payments_value

),

measured as (

    {%- set measures = [
        ("fct_orders", "count(*)", "orders", "row_count"),
        ("fct_order_items", "count(*)", "order_items", "row_count"),
        ("fct_payments", "count(*)", "payments", "row_count"),
        ("fct_reviews", "count(*)", "reviews", "row_count"),
        ("fct_orders", "sum(items_value)", "items_value", "items_value"),
        ("fct_order_items", "sum(price)", "items_value", "items_value"),
        ("fct_orders", "sum(payments_value)", "payments_value", "payments_value"),
        ("fct_payments", "sum(payment_value)", "payments_value", "payments_value"),
    ] %}
    {%- for fact, measure, true_figure, multiplied_figure in measures %}

    select
        '{{ fact }}' as fact,
        '{{ measure }}' as measure,
        (select {{ measure }} from {{ ref(fact) }}) as figure,
        grains.{{ true_figure }} as true_figure,
        fan_out.{{ multiplied_figure }} as multiplied_figure
    from grains
    cross join fan_out
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

)

select *
from measured
where figure = multiplied_figure and figure <> true_figure
