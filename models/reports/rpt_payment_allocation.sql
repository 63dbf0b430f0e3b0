{{ config(
    incremental_predicates=["{{ changed_orders_only('order_id') }}"],
    indexes=[{'columns': ['order_id']}],
) }}

with

fct_order_items as (

    select
        order_item_key,
        order_id,
        order_item_id,
        item_total,
        cast(100 * item_total as numeric(18, 0)) as item_cents,
        cast(100 * sum(item_total) over (partition by order_id) as numeric(18, 0))
            as order_cents
    from {{ ref('fct_order_items') }}
    where {{ changed_orders_only('order_id') }}

),

payments_by_order as (

    select
        order_id,
        cast(100 * sum(payment_value) as numeric(38, 0)) as payment_cents
    from {{ ref('fct_payments') }}
    where {{ changed_orders_only('order_id') }}
    group by order_id

),

-- A line's part of its order, by its cents, or one of so many lines where all are for nothing.
lines_weighed as (

    select
        fct_order_items.*,
        cast(case
            when fct_order_items.order_cents > 0 then fct_order_items.order_cents
            else count(*) over (partition by fct_order_items.order_id)
        end as numeric(18, 0)) as divisor,
        coalesce(payments_by_order.payment_cents, 0) as payment_cents,
        coalesce(payments_by_order.payment_cents, 0)
        * case when fct_order_items.order_cents > 0 then fct_order_items.item_cents else 1 end
            as dividend
    from fct_order_items
    left join payments_by_order
        on fct_order_items.order_id = payments_by_order.order_id

),

lines_divided as (

    select
        *,
        {{ quotient('dividend', 'divisor', 'numeric(38, 0)') }} as nearest_cents
    from lines_weighed

),

-- Whole cents, rounded down: never a cent is lost by that.
lines_rounded_down as (

    select
        *,
        nearest_cents - case when nearest_cents * divisor > dividend then 1 else 0 end
            as whole_cents
    from lines_divided

),

lines_ranked as (

    select
        *,
        payment_cents - sum(whole_cents) over (partition by order_id) as cents_left,
        row_number() over (
            partition by order_id
            order by
                dividend - whole_cents * divisor desc,
                order_item_id is null asc,
                order_item_id asc,
                order_item_key asc
        ) as remainder_rank
    from lines_rounded_down

),

final as (

    select
        order_item_key,
        order_id,
        order_item_id,
        item_total,
        cast(
            (whole_cents + case when remainder_rank <= cents_left then 1 else 0 end) * 0.01
            as numeric(12, 2)
        ) as allocated_value
    from lines_ranked

)

select * from final
