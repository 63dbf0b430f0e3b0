-- How many people buy again, and what are they worth? Grain: number of orders of a person.
-- Trap: the source's customer_id is one per order, so by it nobody ever comes back.
with

people as (

    select
        customer_key,
        count(*) as orders,
        sum(items_value) as revenue
    from marts.fct_orders
    where customer_key <> '-1'
    group by customer_key

)

select
    least(orders, 4) as orders_or_more,
    count(*) as people,
    round(100.0 * count(*) / sum(count(*)) over (), 3) as people_percent,
    sum(revenue) as revenue,
    round(avg(revenue), 2) as revenue_per_person
from people
group by least(orders, 4)
order by orders_or_more
