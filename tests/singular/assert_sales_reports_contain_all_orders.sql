-- Each sales report has every order and all revenue of the facts, but for orders whose day (or
-- whose customer, in a report about customers) is not known. Who adds up a report, or reads two of
-- them side by side, leans on it.
with

orders_counted as (

    select
        false as is_about_customers,
        count(*) as orders,
        coalesce(sum(items_value), 0) as revenue
    from {{ ref('fct_orders') }}
    where purchased_date_key <> -1

    union all

    select
        true as is_about_customers,
        count(*) as orders,
        coalesce(sum(items_value), 0) as revenue
    from {{ ref('fct_orders') }}
    where purchased_date_key <> -1 and customer_key <> {{ unknown_key() }}

),

reports_summed as (

    select
        'rpt_daily_sales' as report,
        false as is_about_customers,
        coalesce(sum(orders), 0) as orders,
        coalesce(sum(revenue), 0) as revenue
    from {{ ref('rpt_daily_sales') }}

    union all

    select
        'rpt_monthly_sales' as report,
        false as is_about_customers,
        coalesce(sum(orders), 0) as orders,
        coalesce(sum(revenue), 0) as revenue
    from {{ ref('rpt_monthly_sales') }}

    union all

    select
        'rpt_customer_cohorts' as report,
        true as is_about_customers,
        coalesce(sum(orders), 0) as orders,
        coalesce(sum(revenue), 0) as revenue
    from {{ ref('rpt_customer_cohorts') }}

    union all

    select
        'rpt_customer_rfm' as report,
        true as is_about_customers,
        coalesce(sum(frequency), 0) as orders,
        coalesce(sum(monetary), 0) as revenue
    from {{ ref('rpt_customer_rfm') }}

    union all

    select
        'rpt_customer_lifetime_value' as report,
        true as is_about_customers,
        coalesce(sum(orders), 0) as orders,
        coalesce(sum(revenue), 0) as revenue
    from {{ ref('rpt_customer_lifetime_value') }}

)

select
    reports_summed.*,
    orders_counted.orders as orders_in_facts,
    orders_counted.revenue as revenue_in_facts
from reports_summed
inner join orders_counted
    on reports_summed.is_about_customers = orders_counted.is_about_customers
where
    reports_summed.orders <> orders_counted.orders
    or reports_summed.revenue <> orders_counted.revenue
