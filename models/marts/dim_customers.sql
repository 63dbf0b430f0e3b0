{{ config(
    incremental_predicates=["{{ changed_customers_only('customer_unique_id') }}"],
    indexes=[{'columns': ['customer_unique_id']}],
) }}

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
    where
        customer_unique_id is not null
        and {{ changed_customers_only('customer_unique_id') }}

),

orders as (

    select
        order_id,
        customer_id,
        purchased_at
    from {{ ref('stg_olist__orders') }}
    where {{ related_rows_only('customers', 'customer_id') }}

),

states as (

    select
        state_code,
        state_name
    from {{ ref('states') }}

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

-- Who has gone from the source stays as long as an order names them.
members as (

    select
        customer_unique_id,
        zip_code_prefix,
        city,
        state_code,
        first_order_at,
        last_order_at,
        is_removed
    from addresses_ranked
    where
        address_rank = 1
        and (
            not is_removed
            or order_count > 0
        )

    union all

    select
        null as customer_unique_id,
        null as zip_code_prefix,
        'unknown' as city,
        'unknown' as state_code,
        cast(null as timestamp) as first_order_at,
        cast(null as timestamp) as last_order_at,
        false as is_removed
    where {{ changed_customers_only("'unknown'") }}

),

final as (

    select
        ---------- primary key
        {{ dimension_key('members.customer_unique_id') }} as customer_key,

        ---------- foreign keys
        {{ dimension_key('members.zip_code_prefix') }} as geography_key,

        ---------- natural key
        coalesce(members.customer_unique_id, 'unknown') as customer_unique_id,

        ---------- address of the last order
        coalesce(members.zip_code_prefix, 'unknown') as zip_code_prefix,
        coalesce(members.city, 'unknown') as city,
        coalesce(members.state_code, 'unknown') as state_code,
        coalesce(states.state_name, 'unknown') as state_name,

        ---------- history
        members.first_order_at,
        members.last_order_at,

        ---------- audit
        members.is_removed
    from members
    left join states
        on members.state_code = states.state_code

)

select * from final
