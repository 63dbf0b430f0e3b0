with

int_orders_with_customers as (

    select * from {{ ref('int_orders_with_customers') }}

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
    from int_orders_with_customers

)

select * from final
