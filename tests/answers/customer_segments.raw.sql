with

purchases as (

    select
        customers.customer_unique_id as person,
        orders.order_id,
        orders.order_purchase_timestamp::timestamp::date as day,
        coalesce(
            (
                select sum(order_items.price::numeric(12, 2)) from raw.order_items
                where
                    order_items.order_id = orders.order_id
                    and order_items._deleted_at is null
            ), 0
        ) as price
    from raw.orders
    inner join raw.customers on orders.customer_id = customers.customer_id
    where
        orders._deleted_at is null
        and customers._deleted_at is null
        and customers.customer_unique_id is not null
        and orders.order_purchase_timestamp is not null

),

today as (select max(day) as day from purchases),

people as (

    select
        person,
        (select today.day from today) - max(day) as days,
        count(*) as orders,
        sum(price) as price
    from purchases
    group by person

),

totals as (

    select
        count(*) as people,
        sum(price) as price
    from people

)

select
    case
        when people.days > 365 then '4: longer'
        when people.days > 180 then '3: up to a year'
        when people.days > 90 then '2: up to 180 days'
        else '1: up to 90 days'
    end as last_order,
    case when people.orders = 1 then 'once' else 'several times' end as has_bought,
    count(*) as people,
    round(count(*) * 100.0 / totals.people, 2) as people_percent,
    round(avg(people.orders), 2) as orders_per_person,
    sum(people.price) as revenue,
    round(sum(people.price) * 100 / totals.price, 2) as revenue_percent,
    round(avg(people.price), 2) as revenue_per_person
from people
cross join totals
group by 1, 2, totals.people, totals.price
order by 1, 2
