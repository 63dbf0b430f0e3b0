-- How much of each month comes from new customers, and how much from returning ones? Grain: month
-- of purchase.
-- Trap: a customer is new with the first order in the data, so nobody returns in its first month;
-- a second order in the same month counts as one by a returning customer.
with

purchases as (

    select
        customer_key,
        purchased_date_key,
        items_value,
        row_number() over (partition by customer_key order by purchased_at, order_id) = 1
            as is_first
    from {{ ref('fct_orders') }}
    where customer_key <> '-1' and purchased_at is not null

)

select
    dim_dates.year_month,
    count(*) as orders,
    count(*) filter (where purchases.is_first) as first_orders,
    count(*) filter (where not purchases.is_first) as repeat_orders,
    count(distinct purchases.customer_key) as customers,
    round(100.0 * count(*) filter (where not purchases.is_first) / count(*), 2)
        as repeat_orders_percent,
    sum(purchases.items_value) as revenue,
    coalesce(sum(purchases.items_value) filter (where not purchases.is_first), 0.00)
        as repeat_revenue,
    round(
        100 * coalesce(sum(purchases.items_value) filter (where not purchases.is_first), 0.00)
        / nullif(sum(purchases.items_value), 0), 2
    ) as repeat_revenue_percent
from purchases
inner join {{ ref('dim_dates') }} as dim_dates
    on purchases.purchased_date_key = dim_dates.date_key
where dim_dates.date_key <> -1
group by dim_dates.year_month
order by dim_dates.year_month
