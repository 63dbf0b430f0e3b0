-- The four facts. What they share, an order and its keys, is worked out once.

create unlogged table plain.orders as
select
    orders.order_id,
    coalesce(md5(customers.customer_unique_id), '-1') as customer_key,
    coalesce(md5(nullif(btrim(customers.customer_zip_code_prefix, E' \t\r\n'), '')), '-1')
        as customer_geography_key,
    coalesce(nullif(btrim(orders.order_status, E' \t\r\n'), ''), 'unknown') as order_status,
    orders.order_purchase_timestamp::timestamp as purchased_at,
    orders.order_approved_at::timestamp as approved_at,
    orders.order_delivered_carrier_date::timestamp as shipped_at,
    orders.order_delivered_customer_date::timestamp as delivered_at,
    orders.order_estimated_delivery_date::timestamp::date as estimated_delivery_on,
    greatest(orders._batch_id, customers._batch_id) as _batch_id
from raw.orders
left join raw.customers
    on orders.customer_id = customers.customer_id and customers._until_batch_id is null
where orders._until_batch_id is null;
analyze plain.orders (order_id);

create function plain.date_key(moment timestamp) returns integer language sql stable as $$
    select case
        when moment >= '2016-01-01' and moment < '2021-01-01'
            then to_char(moment, 'YYYYMMDD')::integer
        else -1
    end
$$;

create table plain.fct_orders as
select
    orders.order_id,
    orders.customer_key,
    orders.customer_geography_key,
    plain.date_key(orders.purchased_at) as purchased_date_key,
    plain.date_key(orders.approved_at) as approved_date_key,
    plain.date_key(orders.shipped_at) as shipped_date_key,
    plain.date_key(orders.delivered_at) as delivered_date_key,
    plain.date_key(orders.estimated_delivery_on) as estimated_delivery_date_key,
    orders.order_status,
    orders.purchased_at,
    orders.approved_at,
    orders.shipped_at,
    orders.delivered_at,
    orders.estimated_delivery_on,
    (extract(epoch from orders.approved_at - orders.purchased_at) / 3600)::numeric(10, 2)
        as hours_to_approve,
    (extract(epoch from orders.shipped_at - orders.purchased_at) / 86400)::numeric(10, 2)
        as days_to_ship,
    (extract(epoch from orders.delivered_at - orders.purchased_at) / 86400)::numeric(10, 2)
        as days_to_deliver,
    orders.order_status = 'delivered' as is_delivered,
    case
        when orders.order_status = 'delivered'
            then orders.delivered_at::date > orders.estimated_delivery_on
    end as is_late,
    (orders.order_status = 'delivered')::integer as delivered_orders,
    case
        when orders.order_status = 'delivered'
            then (orders.delivered_at::date > orders.estimated_delivery_on)::integer
    end as late_orders,
    coalesce(items.item_count, 0)::integer as item_count,
    coalesce(items.items_value, 0)::numeric(12, 2) as items_value,
    coalesce(items.freight_value, 0)::numeric(12, 2) as freight_value,
    coalesce(payments.payments_value, 0)::numeric(12, 2) as payments_value,
    reviews.review_score,
    greatest(orders._batch_id, items._batch_id, payments._batch_id, reviews._batch_id)
        as _batch_id
from plain.orders
left join (
    select
        order_id,
        count(*) as item_count,
        sum(price::numeric(12, 2)) as items_value,
        sum(freight_value::numeric(12, 2)) as freight_value,
        max(_batch_id) as _batch_id
    from raw.order_items
    where _until_batch_id is null
    group by order_id
) as items on orders.order_id = items.order_id
left join (
    select
        order_id,
        sum(payment_value::numeric(12, 2)) as payments_value,
        max(_batch_id) as _batch_id
    from raw.order_payments
    where _until_batch_id is null
    group by order_id
) as payments on orders.order_id = payments.order_id
left join (
    select distinct on (order_id)
        order_id,
        review_score::integer as review_score,
        max(_batch_id) over (partition by order_id) as _batch_id
    from raw.order_reviews
    where _until_batch_id is null
    order by
        order_id,
        review_answer_timestamp::timestamp desc nulls last,
        review_creation_date::timestamp desc nulls last,
        review_id desc
) as reviews on orders.order_id = reviews.order_id;
alter table plain.fct_orders add primary key (order_id);
create index on plain.fct_orders (customer_key);
create index on plain.fct_orders (purchased_date_key);

create table plain.fct_order_items as
select
    md5(items.order_id || '-' || items.order_item_id) as order_item_key,
    coalesce(orders.customer_key, '-1') as customer_key,
    coalesce(md5(items.seller_id), '-1') as seller_key,
    coalesce(md5(items.product_id), '-1') as product_key,
    coalesce(orders.customer_geography_key, '-1') as customer_geography_key,
    coalesce(md5(nullif(btrim(sellers.seller_zip_code_prefix, E' \t\r\n'), '')), '-1')
        as seller_geography_key,
    plain.date_key(orders.purchased_at) as purchased_date_key,
    plain.date_key(orders.delivered_at) as delivered_date_key,
    plain.date_key(items.shipping_limit_date::timestamp) as shipping_limit_date_key,
    items.order_id,
    items.order_item_id::integer as order_item_id,
    coalesce(orders.order_status, 'unknown') as order_status,
    orders.purchased_at,
    items.price::numeric(12, 2) as price,
    items.freight_value::numeric(12, 2) as freight_value,
    (coalesce(items.price::numeric(12, 2), 0) + coalesce(items.freight_value::numeric(12, 2), 0))
        ::numeric(12, 2) as item_total,
    greatest(items._batch_id, orders._batch_id, sellers._batch_id) as _batch_id
from raw.order_items as items
left join plain.orders on items.order_id = orders.order_id
left join raw.sellers on items.seller_id = sellers.seller_id and sellers._until_batch_id is null
where items._until_batch_id is null;
alter table plain.fct_order_items add primary key (order_item_key);
create index on plain.fct_order_items (order_id);
create index on plain.fct_order_items (customer_key);
create index on plain.fct_order_items (seller_key);
create index on plain.fct_order_items (product_key);
create index on plain.fct_order_items (purchased_date_key);

create table plain.fct_payments as
select
    md5(payments.order_id || '-' || payments.payment_sequential) as payment_key,
    coalesce(orders.customer_key, '-1') as customer_key,
    coalesce(orders.customer_geography_key, '-1') as customer_geography_key,
    coalesce(md5(nullif(btrim(payments.payment_type, E' \t\r\n'), '')), '-1') as payment_type_key,
    plain.date_key(orders.purchased_at) as purchased_date_key,
    payments.order_id,
    payments.payment_sequential::integer as payment_sequential,
    payments.payment_installments::integer as installments,
    payments.payment_value::numeric(12, 2) as payment_value,
    greatest(payments._batch_id, orders._batch_id) as _batch_id
from raw.order_payments as payments
left join plain.orders on payments.order_id = orders.order_id
where payments._until_batch_id is null;
alter table plain.fct_payments add primary key (payment_key);
create index on plain.fct_payments (order_id);
create index on plain.fct_payments (customer_key);
create index on plain.fct_payments (purchased_date_key);

create table plain.fct_reviews as
select
    md5(reviews.review_id || '-' || reviews.order_id) as review_key,
    coalesce(orders.customer_key, '-1') as customer_key,
    coalesce(orders.customer_geography_key, '-1') as customer_geography_key,
    plain.date_key(reviews.created_at) as created_date_key,
    plain.date_key(reviews.answered_at) as answered_date_key,
    reviews.review_id,
    reviews.order_id,
    reviews.review_score,
    case
        when reviews.review_score is null then 'unknown'
        when reviews.review_score >= 4 then 'positive'
        when reviews.review_score = 3 then 'neutral'
        else 'negative'
    end as sentiment,
    reviews.has_comment,
    (extract(epoch from reviews.answered_at - reviews.created_at) / 3600)::numeric(10, 2)
        as hours_to_answer,
    row_number() over (
        partition by reviews.order_id
        order by
            reviews.answered_at desc nulls last,
            reviews.created_at desc nulls last,
            reviews.review_id desc
    ) = 1 as is_latest_for_order,
    reviews.has_comment::integer as commented_reviews,
    (row_number() over (
        partition by reviews.order_id
        order by
            reviews.answered_at desc nulls last,
            reviews.created_at desc nulls last,
            reviews.review_id desc
    ) = 1)::integer as latest_reviews,
    greatest(max(reviews._batch_id) over (partition by reviews.order_id), orders._batch_id)
        as _batch_id
from (
    select
        review_id,
        order_id,
        review_score::integer as review_score,
        review_creation_date::timestamp as created_at,
        review_answer_timestamp::timestamp as answered_at,
        coalesce(
            nullif(btrim(review_comment_title, E' \t\r\n'), ''),
            nullif(btrim(review_comment_message, E' \t\r\n'), '')
        ) is not null as has_comment,
        _batch_id
    from raw.order_reviews
    where _until_batch_id is null
) as reviews
left join plain.orders on reviews.order_id = orders.order_id;
alter table plain.fct_reviews add primary key (review_key);
create index on plain.fct_reviews (order_id);
create index on plain.fct_reviews (customer_key);
create index on plain.fct_reviews (created_date_key);

drop table plain.orders;
drop function plain.date_key;
