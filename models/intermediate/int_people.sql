with

base_olist__customers as (

    select
        customer_id,
        customer_unique_id,
        zip_code_prefix,
        city,
        state_code,
        is_removed
    from {{ ref('base_olist__customers') }}
    where customer_unique_id is not null

),

orders as (

    select
        order_id,
        customer_id,
        purchased_at
    from {{ ref('stg_olist__orders') }}

),

batches as (

    select {{ source_time('max(landed_at)') }} as seen_at
    from {{ ref('stg_olist__batches') }}

),

-- The source has a customer row per order: the address of a person is that of the last order. Rows
-- that were removed count only where a person has no other.
addresses_ranked as (

    select
        base_olist__customers.customer_unique_id,
        base_olist__customers.zip_code_prefix,
        base_olist__customers.city,
        base_olist__customers.state_code,
        base_olist__customers.is_removed,
        row_number() over (
            partition by base_olist__customers.customer_unique_id
            order by
                base_olist__customers.is_removed asc,
                orders.purchased_at is null asc,
                orders.purchased_at desc nulls first,
                orders.order_id desc nulls first,
                base_olist__customers.customer_id desc
        ) as address_rank,
        min(case when not base_olist__customers.is_removed then orders.purchased_at end)
            over (partition by base_olist__customers.customer_unique_id)
            as first_order_at,
        max(case when not base_olist__customers.is_removed then orders.purchased_at end)
            over (partition by base_olist__customers.customer_unique_id)
            as last_order_at
    from base_olist__customers
    left join orders
        on base_olist__customers.customer_id = orders.customer_id

),

final as (

    select
        ---------- ids
        addresses_ranked.customer_unique_id,

        ---------- strings
        addresses_ranked.zip_code_prefix,
        addresses_ranked.city,
        addresses_ranked.state_code,

        ---------- booleans
        addresses_ranked.is_removed,

        ---------- timestamps
        addresses_ranked.first_order_at,
        addresses_ranked.last_order_at,
        batches.seen_at
    from addresses_ranked
    cross join batches
    where addresses_ranked.address_rank = 1

)

select * from final
