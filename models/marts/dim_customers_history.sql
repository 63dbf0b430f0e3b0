with

int_customer_versions as (

    select
        customer_unique_id,
        zip_code_prefix,
        city,
        state_code,
        is_removed,
        _batch_id
    from {{ ref('int_customer_versions') }}

),

batches as (

    select
        batch_id,
        {{ source_time('loaded_at') }} as loaded_at
    from {{ ref('stg_olist__batches') }}

),

dim_customers as (

    select
        customer_key,
        customer_unique_id,
        zip_code_prefix,
        city,
        state_code
    from {{ ref('dim_customers') }}

),

states as (

    select
        state_code,
        state_name
    from {{ ref('states') }}

),

versions as (

    select
        {{ dimension_key('versions.customer_unique_id') }} as customer_key,
        versions.customer_unique_id,
        coalesce(versions.zip_code_prefix, 'unknown') as zip_code_prefix,
        coalesce(versions.city, 'unknown') as city,
        coalesce(versions.state_code, 'unknown') as state_code,
        versions.is_removed,
        {{ validity('versions.customer_unique_id') }}
    from int_customer_versions as versions
    inner join batches
        on versions._batch_id = batches.batch_id

),

-- The unknown member and the inferred ones, which no source row has described yet.
members_without_version as (

    select
        dim_customers.customer_key,
        dim_customers.customer_unique_id,
        dim_customers.zip_code_prefix,
        dim_customers.city,
        dim_customers.state_code,
        false as is_removed,
        1 as version_number,
        {{ min_timestamp() }} as valid_from,
        {{ max_timestamp() }} as valid_to,
        true as is_current
    from dim_customers
    left join int_customer_versions
        on
            dim_customers.customer_key
            = {{ dimension_key('int_customer_versions.customer_unique_id') }}
    where int_customer_versions.customer_unique_id is null

),

members as (

    select * from versions
    union all
    select * from members_without_version

),

final as (

    select
        ---------- primary key
        {{ dbt_utils.generate_surrogate_key(['members.customer_key', 'members.version_number']) }}
            as customer_version_key,

        ---------- key of the member, as facts have it
        members.customer_key,

        ---------- natural key
        members.customer_unique_id,
        members.version_number,

        ---------- address
        members.zip_code_prefix,
        members.city,
        members.state_code,
        coalesce(states.state_name, 'unknown') as state_name,

        ---------- validity
        members.valid_from,
        members.valid_to,
        members.is_current,
        members.is_removed
    from members
    left join states
        on members.state_code = states.state_code

)

select * from final
