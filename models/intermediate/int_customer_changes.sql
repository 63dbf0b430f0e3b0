with

customer_row_changes as (

    select
        changed_id as customer_id,
        _batch_id
    from {{ ref('stg_olist__changes') }}
    where changed_table = 'customers'

),

order_row_changes as (

    select
        changed_id as order_id,
        _batch_id
    from {{ ref('stg_olist__changes') }}
    where changed_table = 'orders'

),

-- Every version of a row: an order or a row that goes to somebody else changes both.
order_versions as (

    select
        order_id,
        customer_id
    from {{ ref('base_olist__orders') }}

),

customer_versions as (

    select
        customer_id,
        customer_unique_id
    from {{ ref('base_olist__customers') }}

),

changes as (

    select
        customer_id,
        _batch_id
    from customer_row_changes

    union all

    select
        order_customers.customer_id,
        order_row_changes._batch_id
    from order_row_changes
    cross join
        lateral (
            select order_versions.customer_id
            from order_versions
            where order_versions.order_id = order_row_changes.order_id
            {{ optimization_fence() }}
        ) as order_customers

),

final as (

    select
        changed_customers.customer_unique_id,
        changes._batch_id
    from changes
    cross join
        lateral (
            select customer_versions.customer_unique_id
            from customer_versions
            where customer_versions.customer_id = changes.customer_id
            {{ optimization_fence() }}
        ) as changed_customers

)

select * from final
