with

orders as (

    select
        order_id,
        customer_id,
        order_status,
        purchased_at,
        approved_at,
        shipped_at,
        delivered_at,
        estimated_delivery_on,
        _batch_id
    from {{ ref('stg_olist__orders') }}

),

final as (

    select
        *,

        ---------- lags since the purchase; negative where the source has the wrong order
        {{ elapsed('purchased_at', 'approved_at', 'hour') }} as hours_to_approve,
        {{ elapsed('purchased_at', 'shipped_at', 'day') }} as days_to_ship,
        {{ elapsed('purchased_at', 'delivered_at', 'day') }} as days_to_deliver,

        ---------- flags: an order that was not delivered is neither late nor on time
        coalesce(order_status = 'delivered', false) as is_delivered,
        case
            when order_status = 'delivered'
                then cast(delivered_at as date) > estimated_delivery_on
        end as is_late
    from orders

)

select * from final
