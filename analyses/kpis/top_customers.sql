-- Which twenty customers have spent most on goods, and do they come back? Grain: customer.
-- Trap: a customer has a customer_id for every order, so ranking by it ranks orders; and payments
-- include freight and interest on installments.
with

customers as (

    select
        customer_key,
        count(*) as orders,
        sum(item_count) as line_count,
        sum(items_value) as revenue,
        sum(payments_value) as paid,
        min(cast(purchased_at as date)) as first_order_on,
        max(cast(purchased_at as date)) as last_order_on,
        round(avg(review_score), 2) as average_score
    from {{ ref('fct_orders') }}
    where customer_key <> '-1'
    group by customer_key

),

ranked as (

    select
        customers.*,
        dim_customers.customer_unique_id,
        dim_customers.state_code,
        row_number() over (
            order by customers.revenue desc, dim_customers.customer_unique_id asc
        ) as customer_rank
    from customers
    inner join {{ ref('dim_customers') }} as dim_customers
        on customers.customer_key = dim_customers.customer_key

)

select
    customer_rank,
    customer_unique_id,
    state_code,
    orders,
    line_count,
    revenue,
    paid,
    first_order_on,
    last_order_on,
    average_score
from ranked
where customer_rank <= 20
order by customer_rank
