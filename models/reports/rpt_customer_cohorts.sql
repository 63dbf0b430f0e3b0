with

fct_orders as (

    select
        customer_key,
        purchased_date_key,
        items_value
    from {{ ref('fct_orders') }}
    where customer_key <> {{ unknown_key() }}

),

rpt_daily_sales as (

    select
        date_key,
        year_month,
        orders
    from {{ ref('rpt_daily_sales') }}

),

-- That report has every month from the first to the last purchase, so counting them counts months.
months_numbered as (

    select
        year_month,
        cast(count(case when orders > 0 then 1 end) as integer) as days_with_orders,
        row_number() over (order by year_month) as month_number
    from rpt_daily_sales
    group by year_month

),

purchases_by_month as (

    select
        fct_orders.customer_key,
        months_numbered.month_number,
        count(*) as orders,
        sum(fct_orders.items_value) as revenue,
        min(months_numbered.month_number) over (partition by fct_orders.customer_key)
            as cohort_number
    from fct_orders
    inner join rpt_daily_sales
        on fct_orders.purchased_date_key = rpt_daily_sales.date_key
    inner join months_numbered
        on rpt_daily_sales.year_month = months_numbered.year_month
    group by fct_orders.customer_key, months_numbered.month_number

),

cohorts_summed_by_month as (

    select
        cohort_number,
        month_number,
        cast(count(*) as integer) as active_customers,
        sum(orders) as orders,
        sum(revenue) as revenue
    from purchases_by_month
    group by cohort_number, month_number

),

-- A month in which nobody came back is a row too: a curve over gaps would not go down to zero.
cohorts_followed as (

    select
        cohorts.year_month as cohort_month,
        months_numbered.year_month as active_month,
        months_numbered.days_with_orders as active_month_days_with_orders,
        cast(months_numbered.month_number - cohorts.month_number as integer) as months_since,
        first_months.active_customers as cohort_size,
        coalesce(later_months.active_customers, 0) as active_customers,
        coalesce(later_months.orders, 0) as orders,
        coalesce(later_months.revenue, 0) as revenue
    from cohorts_summed_by_month as first_months
    inner join months_numbered as cohorts
        on first_months.cohort_number = cohorts.month_number
    inner join months_numbered
        on cohorts.month_number <= months_numbered.month_number
    left join cohorts_summed_by_month as later_months
        on
            cohorts.month_number = later_months.cohort_number
            and months_numbered.month_number = later_months.month_number
    where first_months.cohort_number = first_months.month_number

),

cohorts_accumulated as (

    select
        *,
        sum(revenue) over (partition by cohort_month order by months_since) as cumulative_revenue
    from cohorts_followed

),

final as (

    select
        ---------- primary key
        {{ dbt_utils.generate_surrogate_key(['cohort_month', 'months_since']) }}
            as cohort_month_key,

        ---------- cohort and month
        cohort_month,
        months_since,
        active_month,
        active_month_days_with_orders,

        ---------- customers
        cohort_size,
        active_customers,
        {{ quotient('100.0 * active_customers', 'cohort_size', 'numeric(5, 2)', 1) }}
            as retention_percent,

        ---------- orders and money
        cast(orders as integer) as orders,
        cast(revenue as numeric(12, 2)) as revenue,
        cast(cumulative_revenue as numeric(12, 2)) as cumulative_revenue,
        {{ quotient('cumulative_revenue', 'cohort_size', 'numeric(12, 2)', 2) }}
            as cumulative_revenue_per_customer
    from cohorts_accumulated

)

select * from final
