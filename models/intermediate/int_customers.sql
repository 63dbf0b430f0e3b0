with

customers as (

    select
        customer_id,
        customer_unique_id,
        zip_code_prefix,
        city,
        state_code,
        is_removed
    from {{ ref('stg_olist__customers') }}
    where customer_unique_id is not null

),

orders as (

    select
        order_id,
        customer_id,
        purchased_at
    from {{ ref('stg_olist__orders') }}

),

-- The source has a row per order: the address is that of the last order. Rows that were removed
-- count only where there is no other.
addresses_ranked as (

    select
        customers.customer_unique_id,
        customers.zip_code_prefix,
        customers.city,
        customers.state_code,
        customers.is_removed,
        row_number() over (
            partition by customers.customer_unique_id
            order by {{ best_address_first('customers', 'orders') }}
        ) as address_rank,
        count(orders.order_id) over (partition by customers.customer_unique_id) as order_count,
        min(orders.purchased_at) over (partition by customers.customer_unique_id) as first_order_at,
        max(orders.purchased_at) over (partition by customers.customer_unique_id) as last_order_at
    from customers
    left join orders
        on customers.customer_id = orders.customer_id

),

final as (

    select
        ---------- ids
        customer_unique_id,

        ---------- strings
        zip_code_prefix,
        city,
        state_code,

        ---------- numerics
        order_count,

        ---------- booleans
        is_removed,

        ---------- timestamps
        first_order_at,
        last_order_at
    from addresses_ranked
    where address_rank = 1

)

select * from final
