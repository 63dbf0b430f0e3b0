-- What raw says of the report that the answer reads, in the order of the answer.
select
    segment,
    customers,
    customers_percent,
    average_recency_days,
    orders_per_customer,
    revenue,
    revenue_percent,
    revenue_per_customer,
    average_order_value
from {{ report('rpt_customer_lifetime_value') }}
order by revenue_per_customer desc, segment asc
