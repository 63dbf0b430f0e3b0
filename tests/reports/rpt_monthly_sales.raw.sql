-- From orders, not from days; who is new is asked of each customer's other orders; growth by a join
-- with the month that it is measured against.
with

lines as (

    select
        order_id,
        count(*) as item_count,
        sum(price::numeric(12, 2)) as revenue,
        sum(freight_value::numeric(12, 2)) as freight_value
    from raw.order_items
    where _until_batch_id is null
    group by order_id

),

payments as (

    select
        order_id,
        sum(payment_value::numeric(12, 2)) as payments_value
    from raw.order_payments
    where _until_batch_id is null
    group by order_id

),

purchases as (

    select
        orders.order_purchase_timestamp::date as purchased_on,
        customers.customer_unique_id,
        lines.item_count,
        lines.revenue,
        lines.freight_value,
        payments.payments_value,
        date_trunc('month', orders.order_purchase_timestamp::timestamp)::date as month_starts_on,
        btrim(orders.order_status) as order_status
    from raw.orders
    left join raw.customers
        on orders.customer_id = customers.customer_id and customers._until_batch_id is null
    left join lines on orders.order_id = lines.order_id
    left join payments on orders.order_id = payments.order_id
    where orders._until_batch_id is null and orders.order_purchase_timestamp is not null

),

spans as (

    select
        min(purchased_on) as first_day,
        max(purchased_on) as last_day,
        min(month_starts_on)::timestamp as first_month,
        max(month_starts_on)::timestamp as last_month
    from purchases

),

newcomers as (

    select
        month_starts_on,
        count(*) as new_customers
    from (
        select min(month_starts_on) as month_starts_on
        from purchases
        where customer_unique_id is not null
        group by customer_unique_id
    ) as customers
    group by month_starts_on

),

months as (

    select
        spine.month_starts_on::date as month_starts_on,
        count(distinct purchases.purchased_on) as days_with_orders,
        count(purchases.purchased_on) as orders,
        count(purchases.item_count) as orders_with_items,
        count(*) filter (where purchases.order_status = 'canceled') as canceled_orders,
        count(*) filter (where purchases.order_status = 'unavailable') as unavailable_orders,
        coalesce(sum(purchases.item_count), 0)::bigint as item_count,
        count(distinct purchases.customer_unique_id) as active_customers,
        coalesce(sum(purchases.revenue), 0) as revenue,
        coalesce(sum(purchases.revenue) filter (
            where purchases.order_status not in ('canceled', 'unavailable')
            or purchases.order_status is null
        ), 0) as net_revenue,
        coalesce(sum(purchases.freight_value), 0) as freight_value,
        coalesce(sum(purchases.payments_value), 0) as payments_value
    from spans
    cross join
        generate_series(spans.first_month, spans.last_month, interval '1 month')
            as spine (month_starts_on)
    left join purchases on spine.month_starts_on = purchases.month_starts_on
    group by spine.month_starts_on

)

select
    months.month_starts_on,
    months.days_with_orders,
    months.orders,
    months.orders_with_items,
    months.canceled_orders,
    months.unavailable_orders,
    months.item_count,
    months.active_customers,
    months.revenue,
    months.net_revenue,
    months.freight_value,
    months.payments_value,
    to_char(months.month_starts_on, 'YYYY-MM') as year_month,
    spans.first_day <= months.month_starts_on
    and spans.last_day
    >= (months.month_starts_on + interval '1 month' - interval '1 day')::date as is_complete,
    coalesce(newcomers.new_customers, 0) as new_customers,
    months.active_customers - coalesce(newcomers.new_customers, 0) as returning_customers,
    months.revenue + months.freight_value as gmv,
    round(months.revenue / nullif(months.orders_with_items, 0), 2) as average_order_value,
    (
        select sum(earlier.revenue)
        from months as earlier
        where earlier.month_starts_on <= months.month_starts_on
    ) as cumulative_revenue,
    round(100.0 * months.orders / nullif(month_before.orders, 0) - 100, 2) as orders_growth_percent,
    round(100 * months.revenue / nullif(month_before.revenue, 0) - 100, 2)
        as revenue_growth_percent,
    round(100.0 * months.orders / nullif(year_before.orders, 0) - 100, 2)
        as orders_growth_yoy_percent,
    round(100 * months.revenue / nullif(year_before.revenue, 0) - 100, 2)
        as revenue_growth_yoy_percent
from months
cross join spans
left join newcomers on months.month_starts_on = newcomers.month_starts_on
left join months as month_before
    on months.month_starts_on = month_before.month_starts_on + interval '1 month'
left join months as year_before
    on months.month_starts_on = year_before.month_starts_on + interval '1 year'
