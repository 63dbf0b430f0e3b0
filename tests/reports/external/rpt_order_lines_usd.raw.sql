-- Each line times the last rate before or on the day of its purchase. Grain: order line.
-- Keys are not compared: they are those of the star.
select
    order_items.order_id,
    btrim(orders.order_status) as order_status,
    orders.order_purchase_timestamp::timestamp as purchased_at,
    order_items.price::numeric(12, 2) as price,
    rates.rate::numeric(18, 8) as usd_per_brl,
    rates.date::date as rated_on,
    (order_items.price::numeric(12, 2) * rates.rate::numeric)::numeric(22, 10) as price_usd
from raw.order_items
inner join raw.orders
    on order_items.order_id = orders.order_id and orders._until_batch_id is null
left join lateral (
    select
        date,
        rate
    from raw.exchange_rates
    where
        date::date <= orders.order_purchase_timestamp::date
        and base = 'BRL'
        and currency = 'USD'
        and _until_batch_id is null
    order by date::date desc
    limit 1
) as rates on true
where order_items._until_batch_id is null
