-- Each measure on its own, from its own table, brought together by day; weeks by a join of days.
with

purchases as (

    select
        orders.order_id,
        orders.order_purchase_timestamp::date as date_day,
        customers.customer_unique_id,
        btrim(orders.order_status) as order_status
    from raw.orders
    left join raw.customers
        on orders.customer_id = customers.customer_id and customers._until_batch_id is null
    where orders._until_batch_id is null and orders.order_purchase_timestamp is not null

),

lines as (

    select
        purchases.date_day,
        count(distinct order_items.order_id) as orders_with_items,
        count(*) as item_count,
        sum(order_items.price::numeric(12, 2)) as revenue,
        sum(order_items.price::numeric(12, 2)) filter (
            where coalesce(purchases.order_status, '') not in ('canceled', 'unavailable')
        ) as net_revenue,
        sum(order_items.freight_value::numeric(12, 2)) as freight_value
    from raw.order_items
    inner join purchases on order_items.order_id = purchases.order_id
    where order_items._until_batch_id is null
    group by purchases.date_day

),

payments as (

    select
        purchases.date_day,
        sum(order_payments.payment_value::numeric(12, 2)) as payments_value
    from raw.order_payments
    inner join purchases on order_payments.order_id = purchases.order_id
    where order_payments._until_batch_id is null
    group by purchases.date_day

),

headers as (

    select
        date_day,
        count(*) as orders,
        sum((order_status = 'canceled')::integer) as canceled_orders,
        sum((order_status = 'unavailable')::integer) as unavailable_orders,
        count(distinct customer_unique_id) as active_customers
    from purchases
    group by date_day

),

days as (

    select generate_series(min(date_day), max(date_day), interval '1 day')::date as date_day
    from purchases

),

-- Easter by Gauss's rule would be longer than the five Good Fridays of the calendar.
holidays (month_day, holiday_name) as (

    values
    ('01-01', 'New Year''s Day'),
    ('04-21', 'Tiradentes Day'),
    ('05-01', 'Labour Day'),
    ('09-07', 'Independence Day'),
    ('10-12', 'Our Lady of Aparecida'),
    ('11-02', 'All Souls'' Day'),
    ('11-15', 'Republic Proclamation Day'),
    ('12-25', 'Christmas Day'),
    ('2016-03-25', 'Good Friday'),
    ('2017-04-14', 'Good Friday'),
    ('2018-03-30', 'Good Friday'),
    ('2019-04-19', 'Good Friday'),
    ('2020-04-10', 'Good Friday')

),

weeks as (

    select
        days.date_day,
        count(*) as days_summed,
        sum(coalesce(lines.revenue, 0)) as revenue
    from days
    inner join days as seven_days on seven_days.date_day between days.date_day - 6 and days.date_day
    left join lines on seven_days.date_day = lines.date_day
    group by days.date_day

)

select
    days.date_day,
    holidays.holiday_name,
    to_char(days.date_day, 'YYYYMMDD')::integer as date_key,
    to_char(days.date_day, 'YYYY-MM') as year_month,
    to_char(days.date_day, 'FMDay') as day_name,
    extract(dow from days.date_day) in (0, 6) as is_weekend,
    holidays.holiday_name is not null as is_holiday,
    coalesce(headers.orders, 0) as orders,
    coalesce(lines.orders_with_items, 0) as orders_with_items,
    coalesce(headers.canceled_orders, 0) as canceled_orders,
    coalesce(headers.unavailable_orders, 0) as unavailable_orders,
    coalesce(lines.item_count, 0) as item_count,
    coalesce(headers.active_customers, 0) as active_customers,
    coalesce(lines.revenue, 0)::numeric(12, 2) as revenue,
    coalesce(lines.net_revenue, 0)::numeric(12, 2) as net_revenue,
    coalesce(lines.freight_value, 0)::numeric(12, 2) as freight_value,
    (coalesce(lines.revenue, 0) + coalesce(lines.freight_value, 0))::numeric(12, 2) as gmv,
    coalesce(payments.payments_value, 0)::numeric(12, 2) as payments_value,
    round(lines.revenue / lines.orders_with_items, 2) as average_order_value,
    case when weeks.days_summed = 7 then weeks.revenue::numeric(12, 2) end as revenue_7_days,
    case when weeks.days_summed = 7 then round(weeks.revenue / 7, 2) end as average_revenue_7_days
from days
left join headers on days.date_day = headers.date_day
left join lines on days.date_day = lines.date_day
left join payments on days.date_day = payments.date_day
left join weeks on days.date_day = weeks.date_day
left join holidays
    on
        to_char(days.date_day, 'MM-DD') = holidays.month_day
        or to_char(days.date_day, 'YYYY-MM-DD') = holidays.month_day
