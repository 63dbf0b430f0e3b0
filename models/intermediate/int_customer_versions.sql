{% set attributes = ['zip_code_prefix', 'city', 'state_code'] %}

with

customer_versions as (

    {{ versions_once_fixed(
        ref('base_olist__customers'),
        'customer_id',
        ['customer_unique_id'] + attributes,
        validated=['zip_code_prefix'],
    ) }}

),

orders as (

    select
        order_id,
        customer_id,
        purchased_at,
        _batch_id,
        until_batch_id
    from {{ ref('base_olist__orders') }}

),

-- From which batch until which a row of the source says where its customer lives: while it is
-- there, and then, until it comes back, as what was known last.
addresses as (

    select
        customer_unique_id,
        customer_id,
        {{ attributes | join(",\n        ") }},
        false as is_removed,
        _batch_id,
        until_batch_id
    from customer_versions
    where customer_unique_id is not null

    union all

    select
        customer_unique_id,
        customer_id,
        {{ attributes | join(",\n        ") }},
        true as is_removed,
        until_batch_id as _batch_id,
        next_batch_id as until_batch_id
    from customer_versions
    where
        customer_unique_id is not null
        and {{ is_deleted() }}

),

-- Each with every version of its order for as long as both are there; and by itself, unless an
-- order was there all the time. A row alone counts least, so it may stand beside those.
addresses_with_orders as (

    select
        *,
        cast(null as {{ dbt.type_string() }}) as order_id,
        cast(null as timestamp) as purchased_at
    from addresses
    where
        not exists (
            select 1
            from orders
            where
                orders.customer_id = addresses.customer_id
                and orders._batch_id <= addresses._batch_id
                and (
                    orders.until_batch_id is null
                    or orders.until_batch_id >= addresses.until_batch_id
                )
        )

    union all

    select
        addresses.customer_unique_id,
        addresses.customer_id,
        {%- for attribute in attributes %}
        addresses.{{ attribute }},
        {%- endfor %}
        addresses.is_removed,
        greatest(addresses._batch_id, orders._batch_id) as _batch_id,
        least(
            coalesce(addresses.until_batch_id, orders.until_batch_id),
            coalesce(orders.until_batch_id, addresses.until_batch_id)
        ) as until_batch_id,
        orders.order_id,
        orders.purchased_at
    from addresses
    inner join orders
        on
            addresses.customer_id = orders.customer_id
            and addresses._batch_id < coalesce(orders.until_batch_id, addresses._batch_id + 1)
            and orders._batch_id < coalesce(addresses.until_batch_id, orders._batch_id + 1)

),

moments as (

    select
        customer_unique_id,
        _batch_id
    from addresses_with_orders

    union distinct

    select
        customer_unique_id,
        until_batch_id as _batch_id
    from addresses_with_orders
    where until_batch_id is not null

),

-- As of each batch the address is that of the latest order, as in dim_customers.
addresses_ranked as (

    select
        moments.customer_unique_id,
        moments._batch_id,
        addresses.customer_id,
        {%- for attribute in attributes %}
        addresses.{{ attribute }},
        {%- endfor %}
        addresses.is_removed,
        row_number() over (
            partition by moments.customer_unique_id, moments._batch_id
            order by {{ best_address_first('addresses', 'addresses') }}
        ) as address_rank
    from moments
    left join addresses_with_orders as addresses
        on
            moments.customer_unique_id = addresses.customer_unique_id
            and moments._batch_id >= addresses._batch_id
            and moments._batch_id < coalesce(addresses.until_batch_id, moments._batch_id + 1)

),

-- A customer whose rows are all another's now has gone, and keeps what was known before.
states as (

    select
        customer_unique_id,
        _batch_id,
        {%- for attribute in attributes %}
        case
            when customer_id is not null then {{ attribute }}
            else
                lag({{ attribute }})
                    over (partition by customer_unique_id order by _batch_id)
        end as {{ attribute }},
        {%- endfor %}
        coalesce(is_removed, true) as is_removed
    from addresses_ranked
    where address_rank = 1

),

states_compared as (

    select
        *,
        ({{ is_changed(attributes + ['is_removed'], 'customer_unique_id') }}) as is_new
    from states

),

final as (

    select
        customer_unique_id,
        {{ attributes | join(",\n        ") }},
        is_removed,
        _batch_id
    from states_compared
    where is_new

)

select * from final
