{{ config(
    incremental_predicates=["{{ changed_rows_only('olist', 'sellers', 'seller_id') }}"],
) }}

with

base_olist__sellers as (

    select * from {{ ref('base_olist__sellers') }}
    where {{ changed_rows_only('olist', 'sellers', 'seller_id') }}

),

later_versions as (

    select
        seller_id,
        _batch_id
    from {{ ref('base_olist__sellers') }}
    where {{ changed_rows_only('olist', 'sellers', 'seller_id') }}

),

-- The newest version of each row: where the source no longer has it, what was known last.
final as (

    select
        ---------- ids
        seller_id,

        ---------- strings
        zip_code_prefix,
        city,
        state_code,

        ---------- audit
        _batch_id,
        _loaded_at,

        ---------- derived
        until_batch_id is not null as is_removed
    from base_olist__sellers
    where
        until_batch_id is null
        or not exists (
            select 1
            from later_versions
            where
                later_versions.seller_id = base_olist__sellers.seller_id
                and later_versions._batch_id > base_olist__sellers._batch_id
        )

)

select * from final
