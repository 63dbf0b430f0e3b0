-- Who are our customers by recency, frequency and amount, and what is each segment worth? Grain:
-- RFM segment, as in reports.rpt_customer_rfm.
-- Trap: recency counts to the last purchase in the data, not to today; and the source's
-- customer_id is one per order, so by it nobody buys twice.
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
from {{ ref('rpt_customer_lifetime_value') }}
order by revenue_per_customer desc, segment asc
