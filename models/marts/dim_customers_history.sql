with

-- Two versions of one batch time are an edit of this project between them: nobody saw the first.
snap_customers as (

    select
        customer_unique_id,
        zip_code_prefix,
        city,
        state_code,
        is_removed,
        dbt_valid_from,
        dbt_valid_to
    from {{ ref('snap_customers') }}
    where dbt_valid_to is null or dbt_valid_from < dbt_valid_to

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

versions as (

    select
        {{ dimension_key('customer_unique_id') }} as customer_key,
        customer_unique_id,
        coalesce(zip_code_prefix, 'unknown') as zip_code_prefix,
        coalesce(city, 'unknown') as city,
        coalesce(state_code, 'unknown') as state_code,
        is_removed,
        {{ validity('customer_unique_id') }}
    from snap_customers

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
        {{ beginning_of_time() }} as valid_from,
        {{ end_of_time() }} as valid_to,
        true as is_current
    from dim_customers
    left join snap_customers
        on dim_customers.customer_unique_id = snap_customers.customer_unique_id
    where snap_customers.customer_unique_id is null

),

members as (

    select * from versions
    union all
    select * from members_without_version

),

final as (

    select
        ---------- primary key
        {{ dbt_utils.generate_surrogate_key(['customer_unique_id', 'version_number']) }}
            as customer_version_key,

        ---------- key of the member, as facts have it
        customer_key,

        ---------- natural key
        customer_unique_id,
        cast(version_number as integer) as version_number,

        ---------- address
        zip_code_prefix,
        city,
        state_code,

        ---------- validity
        valid_from,
        valid_to,
        is_current,
        is_removed
    from members

)

select * from final
