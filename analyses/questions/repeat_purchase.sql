-- How many customers buy again, and what are they worth? Grain: number of orders of a customer.
-- Trap: the source's customer_id is one per order, so by it nobody comes back; several orders on
-- one day count as a return (in the Olist data 848 of 2,997 customers have no other: 3.12 % come
-- back, 2.24 % on another day); and the newest customers have had no time to return.

with

purchases as (

    select
        items_value,
        count(*) over (partition by customer_key) as orders
    from {{ ref('fct_orders') }}
    where customer_key <> '-1'

),

by_orders as (

    select
        orders,
        count(*) / orders as customers,
        sum(items_value) as revenue
    from purchases
    group by orders

)

select
    least(orders, 4) as orders_or_more,
    sum(customers) as customers,
    round(100 * sum(customers) / sum(sum(customers)) over (), 3) as customers_percent,
    sum(revenue) as revenue,
    round(sum(revenue) / sum(customers), 2) as revenue_per_customer
from by_orders
group by least(orders, 4)
order by orders_or_more
