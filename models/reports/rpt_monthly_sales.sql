with

rpt_daily_sales as (

    select * from {{ ref('rpt_daily_sales') }}

),

rpt_customer_cohorts as (

    select
        active_month,
        months_since,
        active_customers
    from {{ ref('rpt_customer_cohorts') }}

),

days_summed_by_month as (

    select
        year_month,
        cast(date_trunc('month', min(date_day)) as date) as month_starts_on,
        extract(day from min(date_day)) = 1
        and extract(day from {{ dbt.dateadd('day', 1, 'max(date_day)') }}) = 1 as is_complete,
        cast(count(case when orders > 0 then 1 end) as integer) as days_with_orders,
        cast(sum(orders) as integer) as orders,
        cast(sum(orders_with_items) as integer) as orders_with_items,
        cast(sum(canceled_orders) as integer) as canceled_orders,
        cast(sum(unavailable_orders) as integer) as unavailable_orders,
        cast(sum(item_count) as integer) as item_count,
        cast(sum(revenue) as numeric(12, 2)) as revenue,
        cast(sum(net_revenue) as numeric(12, 2)) as net_revenue,
        cast(sum(freight_value) as numeric(12, 2)) as freight_value,
        cast(sum(gmv) as numeric(12, 2)) as gmv,
        cast(sum(payments_value) as numeric(12, 2)) as payments_value
    from rpt_daily_sales
    group by year_month

),

-- Customers do not add up over days: each counts once a month, in the cohort of the first purchase.
customers_counted_by_month as (

    select
        active_month,
        cast(sum(active_customers) as integer) as active_customers,
        cast(sum(case when months_since = 0 then active_customers end) as integer) as new_customers
    from rpt_customer_cohorts
    group by active_month

),

months_compared as (

    select
        days_summed_by_month.*,
        coalesce(customers_counted_by_month.active_customers, 0) as active_customers,
        coalesce(customers_counted_by_month.new_customers, 0) as new_customers,
        lag(days_summed_by_month.orders) over (order by days_summed_by_month.year_month)
            as orders_month_before,
        lag(days_summed_by_month.revenue) over (order by days_summed_by_month.year_month)
            as revenue_month_before,
        lag(days_summed_by_month.orders, 12) over (order by days_summed_by_month.year_month)
            as orders_year_before,
        lag(days_summed_by_month.revenue, 12) over (order by days_summed_by_month.year_month)
            as revenue_year_before
    from days_summed_by_month
    left join customers_counted_by_month
        on days_summed_by_month.year_month = customers_counted_by_month.active_month

),

final as (

    select
        ---------- primary key
        year_month,

        ---------- month
        month_starts_on,
        is_complete,
        days_with_orders,

        ---------- counts
        orders,
        orders_with_items,
        canceled_orders,
        unavailable_orders,
        item_count,
        active_customers,
        new_customers,
        active_customers - new_customers as returning_customers,

        ---------- money
        revenue,
        net_revenue,
        freight_value,
        gmv,
        payments_value,
        {{ quotient('revenue', 'nullif(orders_with_items, 0)', 'numeric(12, 2)', 2) }}
            as average_order_value,
        cast(sum(revenue) over (order by year_month) as numeric(12, 2)) as cumulative_revenue,

        ---------- growth
        {{ growth_percent('orders', 'orders_month_before') }} as orders_growth_percent,
        {{ growth_percent('revenue', 'revenue_month_before') }} as revenue_growth_percent,
        {{ growth_percent('orders', 'orders_year_before') }} as orders_growth_yoy_percent,
        {{ growth_percent('revenue', 'revenue_year_before') }} as revenue_growth_yoy_percent
    from months_compared

)

select * from final
