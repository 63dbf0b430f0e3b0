-- Each customer of the source is a member of dim_customers, and no other, with an address that the
-- source has and the times of the orders. Counting customer_id as a customer, one per order, would
-- hide every repeat purchase.
with

members as (

    select
        customer_key,
        customer_unique_id,
        zip_code_prefix,
        city,
        state_code,
        geography_key,
        first_order_at,
        last_order_at,
        is_removed
    from {{ ref('dim_customers') }}
    where
        customer_key <> {{ unknown_key() }}
        and {{ changed_customers_only('customer_unique_id') }}

),

staging as (

    select
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

-- Whatever row of a customer was chosen, the whole address is that row's. One who has gone may have
-- no member.
addresses as (

    select coalesce(members.customer_unique_id, staging.customer_unique_id) as natural_key
    from members
    full outer join staging
        on members.customer_unique_id = staging.customer_unique_id
    group by coalesce(members.customer_unique_id, staging.customer_unique_id)
    having
        coalesce(min(cast(members.is_removed as integer)), 1)
        <> coalesce(min(cast(staging.is_removed as integer)), -1)
        or (
            count(members.customer_key) > 0
            and count(
                case
                    when
                        members.zip_code_prefix = coalesce(staging.zip_code_prefix, 'unknown')
                        and members.city = coalesce(staging.city, 'unknown')
                        and members.state_code = coalesce(staging.state_code, 'unknown')
                        then 1
                end
            ) = 0
        )

),

orders as (

    select
        customer_key,
        min(purchased_at) as first_order_at,
        max(purchased_at) as last_order_at
    from {{ ref('fct_orders') }}
    where {{ related_rows_only('members', 'customer_key') }}
    group by customer_key

),

order_times as (

    select members.customer_unique_id as natural_key
    from members
    left join orders
        on members.customer_key = orders.customer_key
    where
        members.geography_key <> {{ dimension_key("nullif(members.zip_code_prefix, 'unknown')") }}
        or members.first_order_at is distinct from orders.first_order_at
        or members.last_order_at is distinct from orders.last_order_at

)

select natural_key from addresses
union all
select natural_key from order_times
