-- Months as dates, and a cumulative figure by a join with all earlier months instead of a window.
with

purchases as (

    select
        customer,
        date_trunc('month', purchased_at)::date as active_on,
        coalesce(revenue, 0) as revenue
    from {{ part('purchases') }}

),

customers as (

    select
        customer,
        min(active_on) as cohort_on
    from purchases
    group by customer

),

sizes as (

    select
        cohort_on,
        count(*) as cohort_size
    from customers
    group by cohort_on

),

last_month as (

    select date_trunc('month', max(order_purchase_timestamp::timestamp)) as active_on
    from raw.orders
    where _until_batch_id is null

),

grid as (

    select
        sizes.cohort_on,
        sizes.cohort_size,
        spine.active_on::date as active_on
    from sizes
    cross join last_month
    cross join lateral generate_series(
        sizes.cohort_on::timestamp, last_month.active_on, interval '1 month'
    ) as spine (active_on)

),

days as (

    select
        date_trunc('month', order_purchase_timestamp::timestamp)::date as active_on,
        count(distinct order_purchase_timestamp::date) as days_with_orders
    from raw.orders
    where _until_batch_id is null
    group by date_trunc('month', order_purchase_timestamp::timestamp)::date

),

figures as (

    select
        customers.cohort_on,
        purchases.active_on,
        count(distinct purchases.customer) as active_customers,
        count(*) as orders,
        sum(purchases.revenue) as revenue
    from purchases
    inner join customers on purchases.customer = customers.customer
    group by customers.cohort_on, purchases.active_on

),

so_far as (

    select
        grid.cohort_on,
        grid.active_on,
        sum(figures.revenue) as revenue
    from grid
    inner join figures
        on grid.cohort_on = figures.cohort_on and grid.active_on >= figures.active_on
    group by grid.cohort_on, grid.active_on

),

rows_of_text as (

    select
        *,
        to_char(cohort_on, 'YYYY-MM') as cohort_month,
        (
            12 * extract(year from age(active_on, cohort_on))
            + extract(month from age(active_on, cohort_on))
        )::integer as months_since
    from grid

)

select
    rows_of_text.cohort_month,
    rows_of_text.months_since,
    rows_of_text.cohort_size,
    so_far.revenue as cumulative_revenue,
    md5(rows_of_text.cohort_month || '-' || rows_of_text.months_since) as cohort_month_key,
    to_char(rows_of_text.active_on, 'YYYY-MM') as active_month,
    coalesce(days.days_with_orders, 0)::integer as active_month_days_with_orders,
    coalesce(figures.active_customers, 0) as active_customers,
    round(100.0 * coalesce(figures.active_customers, 0) / rows_of_text.cohort_size, 2)
        as retention_percent,
    coalesce(figures.orders, 0) as orders,
    coalesce(figures.revenue, 0)::numeric(12, 2) as revenue,
    round(so_far.revenue / rows_of_text.cohort_size, 2) as cumulative_revenue_per_customer
from rows_of_text
inner join so_far
    on rows_of_text.cohort_on = so_far.cohort_on and rows_of_text.active_on = so_far.active_on
left join figures
    on rows_of_text.cohort_on = figures.cohort_on and rows_of_text.active_on = figures.active_on
left join days on rows_of_text.active_on = days.active_on
