with

customers as (

    select
        customer_id,
        customer_unique_id,
        zip_code_prefix,
        city,
        state_code
    from {{ ref('stg_olist__customers') }}

),

orders as (

    select
        order_id,
        customer_id,
        purchased_at
    from {{ ref('stg_olist__orders') }}

),

-- The source has a customer row per order: the address of a person is that of the last order.
addresses_ranked as (

    select
        customers.customer_unique_id,
        customers.zip_code_prefix,
        customers.city,
        customers.state_code,
        min(orders.purchased_at) over (partition by customers.customer_unique_id)
            as first_order_at,
        max(orders.purchased_at) over (partition by customers.customer_unique_id)
            as last_order_at,
        row_number() over (
            partition by customers.customer_unique_id
            order by
                orders.purchased_at is null asc,
                orders.purchased_at desc,
                orders.order_id desc,
                customers.customer_id desc
        ) as address_rank
    from customers
    left join orders
        on customers.customer_id = orders.customer_id
    where customers.customer_unique_id is not null

),

people as (

    select
        customer_unique_id,
        zip_code_prefix,
        city,
        state_code,
        first_order_at,
        last_order_at
    from addresses_ranked
    where address_rank = 1

    union all

    select
        null as customer_unique_id,
        null as zip_code_prefix,
        'unknown' as city,
        'unknown' as state_code,
        cast(null as timestamp) as first_order_at,
        cast(null as timestamp) as last_order_at

),

final as (

    select
        ---------- primary key
        {{ dimension_key('customer_unique_id') }} as customer_key,

        ---------- foreign keys
        {{ dimension_key('zip_code_prefix') }} as geography_key,

        ---------- natural key
        coalesce(customer_unique_id, 'unknown') as customer_unique_id,

        ---------- address of the last order
        coalesce(zip_code_prefix, 'unknown') as zip_code_prefix,
        coalesce(city, 'unknown') as city,
        coalesce(state_code, 'unknown') as state_code,

        ---------- history
        first_order_at,
        last_order_at
    from people

)

select * from final
