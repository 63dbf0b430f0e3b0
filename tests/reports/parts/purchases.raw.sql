-- Each order with a time and a customer: who, when, from where, and what its lines cost.
select
    customers.customer_unique_id as customer,
    orders.order_id,
    orders.order_purchase_timestamp::timestamp as purchased_at,
    btrim(customers.customer_state) as state_code,
    revenue_by_order.revenue
from raw.orders
inner join raw.customers
    on orders.customer_id = customers.customer_id and customers._until_batch_id is null
left join {{ part('revenue_by_order') }} on orders.order_id = revenue_by_order.order_id
where
    orders._until_batch_id is null
    and orders.order_purchase_timestamp is not null
    and customers.customer_unique_id is not null
