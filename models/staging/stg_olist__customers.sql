{{ config(
    incremental_predicates=["{{ changed_rows_only('olist', 'customers', 'customer_id') }}"],
    indexes=[{'columns': ['customer_unique_id']}],
) }}

with

base_olist__customers as (

    select * from {{ ref('base_olist__customers') }}
    where {{ changed_rows_only('olist', 'customers', 'customer_id') }}

),

ranked as (

    select
        *,
        row_number() over (partition by customer_id order by _batch_id desc) as version_rank
    from base_olist__customers

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
    from ranked
    where version_rank = 1

)

select * from final
