{{ config(
    incremental_predicates=["{{ changed_rows_only('olist', 'customers', 'customer_id') }}"],
) }}

with

base_olist__customers as (

    select * from {{ ref('base_olist__customers') }}
    where {{ changed_rows_only('olist', 'customers', 'customer_id') }}

),

later_versions as (

    select
        customer_id,
        _batch_id
    from {{ ref('base_olist__customers') }}
    where {{ changed_rows_only('olist', 'customers', 'customer_id') }}

),

-- The newest version of each row: where the source no longer has it, what was known last.
final as (

    select
        ---------- ids
        customer_id,
        customer_unique_id,

        ---------- strings
        zip_code_prefix,
        city,
        state_code,

        ---------- audit
        _batch_id,
        _loaded_at,

        ---------- derived
        until_batch_id is not null as is_removed
    from base_olist__customers
    where
        until_batch_id is null
        or not exists (
            select 1
            from later_versions
            where
                later_versions.customer_id = base_olist__customers.customer_id
                and later_versions._batch_id > base_olist__customers._batch_id
        )

)

select * from final
