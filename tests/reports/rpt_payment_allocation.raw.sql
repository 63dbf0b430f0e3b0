-- Cents are counted by whole division, and a left cent goes to a line when fewer lines come before
-- it than cents are left; the report ranks them.
with

lines as (

    select
        md5(order_id || '-' || order_item_id) as order_item_key,
        order_id,
        order_item_id::integer as order_item_id,
        price::numeric(12, 2) + freight_value::numeric(12, 2) as item_total
    from raw.order_items
    where _until_batch_id is null

),

totals as (

    select
        order_id,
        count(*) as line_count,
        sum(item_total) as order_total
    from lines
    group by order_id

),

paid as (

    select
        order_id,
        sum(payment_value::numeric(12, 2)) * 100 as cents
    from raw.order_payments
    where _until_batch_id is null
    group by order_id

),

shares as (

    select
        lines.order_item_key,
        lines.order_id,
        lines.order_item_id,
        lines.item_total,
        coalesce(paid.cents, 0) as cents,
        case when totals.order_total = 0 then 1 else lines.item_total end as part,
        case when totals.order_total = 0 then totals.line_count else totals.order_total end
            as whole
    from lines
    inner join totals on lines.order_id = totals.order_id
    left join paid on lines.order_id = paid.order_id

),

divided as (

    select
        *,
        div(cents * part, whole) as least_cents,
        mod(cents * part, whole) as lost
    from shares

),

left_over as (

    select
        order_id,
        max(cents) - sum(least_cents) as cents_left
    from divided
    group by order_id

),

preceded as (

    select
        divided.order_item_key,
        count(others.order_item_key) as lines_before
    from divided
    left join divided as others
        on
            divided.order_id = others.order_id
            and (
                others.lost > divided.lost
                or (others.lost = divided.lost and others.order_item_id < divided.order_item_id)
            )
    group by divided.order_item_key

)

select
    divided.order_item_key,
    divided.order_id,
    divided.order_item_id,
    divided.item_total::numeric(12, 2) as item_total,
    (
        (divided.least_cents + (preceded.lines_before < left_over.cents_left)::integer) / 100
    )::numeric(12, 2) as allocated_value
from divided
inner join left_over on divided.order_id = left_over.order_id
inner join preceded on divided.order_item_key = preceded.order_item_key
