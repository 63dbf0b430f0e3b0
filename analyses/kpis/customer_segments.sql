-- Who are our customers, by how lately, how often and for how much they buy, and what is each group
-- worth? Grain: RFM segment, as in reports.rpt_customer_rfm.
-- Trap: recency counts to the newest purchase in the data, or else everybody has gone; and the
-- source's customer_id is one per order, so by it nobody buys twice.
select
    segment,
    people,
    people_percent,
    average_recency_days,
    orders_per_person,
    revenue,
    revenue_percent,
    revenue_per_person,
    average_order_value
from {{ ref('rpt_customer_lifetime_value') }}
order by revenue_per_person desc, segment asc
