-- Dollars are the revenue of each day times the rate of that day, to the last digit; no line and no
-- delivery is lost or doubled by the rates and the weather. The metric revenue_usd leans on it.
with

revenue_by_day as (

    select
        purchased_date_key,
        sum(price) as revenue
    from {{ ref('fct_order_items') }}
    group by purchased_date_key

),

counted as (

    select
        'dollars' as what,
        (
            select sum(revenue_by_day.revenue * fct_exchange_rates.usd_per_brl)
            from revenue_by_day
            inner join {{ ref('fct_exchange_rates') }} as fct_exchange_rates
                on revenue_by_day.purchased_date_key = fct_exchange_rates.date_key
        ) as expected,
        (select sum(price_usd) from {{ ref('rpt_order_lines_usd') }}) as found

    union all

    select
        'reais' as what,
        (select sum(price) from {{ ref('fct_order_items') }}) as expected,
        (select sum(price) from {{ ref('rpt_order_lines_usd') }}) as found

    union all

    select
        'deliveries' as what,
        (select sum(delivered_orders) from {{ ref('fct_orders') }}) as expected,
        (select sum(delivered_orders) from {{ ref('rpt_delivery_by_rain') }}) as found

)

select *
from counted
where coalesce(expected, 0) <> coalesce(found, 0)
