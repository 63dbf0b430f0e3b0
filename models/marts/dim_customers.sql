{{ config(
    incremental_predicates=["{{ changed_customers_only('customer_unique_id') }}"],
    indexes=[{'columns': ['customer_unique_id']}],
) }}

with

-- Who has gone from the source stays as long as an order names them.
int_customers as (

    select
        customer_unique_id,
        zip_code_prefix,
        city,
        state_code,
        first_order_at,
        last_order_at,
        is_removed
    from {{ ref('int_customers') }}
    where
        {{ changed_customers_only('customer_unique_id') }}
        and (
            not is_removed
            or order_count > 0
        )

),

states as (

    select
        state_code,
        state_name
    from {{ ref('states') }}

),

members as (

    select * from int_customers

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
