-- What does a join of lines, payments and reviews count, compared with the truth? Grain: the whole
-- dataset, in one row.
-- Trap: the join multiplies rows and amounts. Many published reports on this dataset show its
-- results.
with

fan_out as (

    select
        count(*) as joined_rows,
        sum(fct_payments.payment_value) as joined_payments_value
    from {{ ref('fct_orders') }} as fct_orders
    inner join {{ ref('fct_order_items') }} as fct_order_items
        on fct_orders.order_id = fct_order_items.order_id
    inner join {{ ref('fct_payments') }} as fct_payments
        on fct_orders.order_id = fct_payments.order_id
    inner join {{ ref('fct_reviews') }} as fct_reviews
        on fct_orders.order_id = fct_reviews.order_id

),

truth as (

    select
        count(*) as orders,
        sum(payments_value) as payments_value
    from {{ ref('fct_orders') }}

)

select
    fan_out.joined_rows,
    fan_out.joined_payments_value,
    truth.orders,
    truth.payments_value
from fan_out
cross join truth
