with

purchases as (

    select
        customer,
        order_id,
        purchased_at as moment,
        to_char(purchased_at, 'YYYY-MM') as month
    from {{ part('purchases') }}

),

firsts as (

    select distinct on (customer) order_id
    from purchases
    order by customer, moment, order_id

),

prices as (

    select
        order_id,
        revenue as price
    from {{ part('revenue_by_order') }}

),

months as (

    select
        purchases.month,
        count(*) as orders,
        count(firsts.order_id) as first_orders,
        count(distinct purchases.customer) as customers,
        coalesce(sum(prices.price), 0) as revenue,
        coalesce(sum(case when firsts.order_id is null then prices.price end), 0) as repeat_revenue
    from purchases
    left join firsts on purchases.order_id = firsts.order_id
    left join prices on purchases.order_id = prices.order_id
    group by purchases.month

)

select
    month as year_month,
    orders,
    first_orders,
    orders - first_orders as repeat_orders,
    customers,
    round(100 - 100.0 * first_orders / orders, 2) as repeat_orders_percent,
    revenue,
    repeat_revenue,
    round(100 * repeat_revenue / nullif(revenue, 0), 2) as repeat_revenue_percent
from months
order by month
