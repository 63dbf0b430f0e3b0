with

ids as (

    select order_id
    from raw.orders
    where _until_batch_id is null
    union
    select order_id
    from raw.order_items
    where _until_batch_id is null
    union
    select order_id
    from raw.order_payments
    where _until_batch_id is null

),

amounts as (

    select
        ids.order_id,
        coalesce(nullif(btrim(orders.order_status), ''), 'unknown') as order_status,
        orders.order_purchase_timestamp::timestamp as purchased_at,
        lines.lines::integer as line_count,
        paid.payments::integer as payments,
        paid.most_installments,
        lines.items_value::numeric(12, 2) as items_value,
        lines.freight_value::numeric(12, 2) as freight_value,
        paid.payments_value::numeric(12, 2) as payments_value
    from ids
    left join raw.orders on ids.order_id = orders.order_id and orders._until_batch_id is null
    left join
        lateral (
            select
                count(*) as lines,
                coalesce(sum(order_items.price::numeric(12, 2)), 0) as items_value,
                coalesce(sum(order_items.freight_value::numeric(12, 2)), 0) as freight_value
            from raw.order_items
            where order_items.order_id = ids.order_id and order_items._until_batch_id is null
        ) as lines on true
    left join
        lateral (
            select
                count(*) as payments,
                max(order_payments.payment_installments::integer) as most_installments,
                coalesce(sum(order_payments.payment_value::numeric(12, 2)), 0) as payments_value
            from raw.order_payments
            where order_payments.order_id = ids.order_id and order_payments._until_batch_id is null
        ) as paid on true

)

select
    *,
    (items_value + freight_value)::numeric(12, 2) as order_total,
    (payments_value - (items_value + freight_value))::numeric(12, 2) as difference,
    case
        when line_count = 0 then 'no items'
        when payments = 0 then 'no payment'
        when payments_value = items_value + freight_value then 'exact'
        when payments_value between items_value + freight_value - 0.05
            and items_value + freight_value + 0.05
            then 'rounding'
        when payments_value < items_value + freight_value then 'paid less'
        else 'paid more'
    end as reconciliation
from amounts
