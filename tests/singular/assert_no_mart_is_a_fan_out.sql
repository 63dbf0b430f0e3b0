-- Joining an order's lines, payments and reviews multiplies them by each other; published figures
-- were made that way. No fact may have the rows, nor its money the sum, of that join, unless the
-- join happens to multiply nothing (then both are right).
with

fan_out as (

    select
        count(*) as row_count,
        sum(payments.payment_value) as payment_value
    from {{ ref('stg_olist__orders') }} as orders
    inner join {{ ref('stg_olist__order_items') }} as order_items
        on orders.order_id = order_items.order_id
    inner join {{ ref('stg_olist__order_payments') }} as payments
        on orders.order_id = payments.order_id
    inner join {{ ref('stg_olist__order_reviews') }} as order_reviews
        on orders.order_id = order_reviews.order_id

),

facts as (

    {%- set grains = {
        "fct_orders": ("stg_olist__orders", "payments_value"),
        "fct_order_items": ("stg_olist__order_items", "price"),
        "fct_payments": ("stg_olist__order_payments", "payment_value"),
        "fct_reviews": ("stg_olist__order_reviews", "0"),
    } %}
    {%- for fact, (grain, amount) in grains.items() %}

    select
        '{{ fact }}' as fact,
        (select count(*) from {{ ref(grain) }}) as grain_rows,
        count(*) as row_count,
        sum({{ amount }}) as amount
    from {{ ref(fact) }}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

),

paid as (

    select sum(payment_value) as payment_value
    from {{ ref('stg_olist__order_payments') }}

)

select
    facts.*,
    fan_out.row_count as fan_out_rows,
    fan_out.payment_value as fan_out_payment_value
from facts
cross join fan_out
cross join paid
where
    (facts.row_count = fan_out.row_count and fan_out.row_count <> facts.grain_rows)
    or (
        facts.amount = fan_out.payment_value
        and fan_out.payment_value <> paid.payment_value
    )
