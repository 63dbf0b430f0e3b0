with

int_people as (

    select
        customer_unique_id,
        zip_code_prefix,
        city,
        state_code,
        first_order_at,
        last_order_at
    from {{ ref('int_people') }}
    where not is_removed

),

members as (

    select * from int_people

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
    from members

)

select * from final
