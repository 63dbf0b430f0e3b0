{{ config(
    incremental_predicates=["{{ changed_rows_only('olist', 'products', 'product_id') }}"],
) }}

with

base_olist__products as (

    select * from {{ ref('base_olist__products') }}
    where {{ changed_rows_only('olist', 'products', 'product_id') }}

),

later_versions as (

    select
        product_id,
        _batch_id
    from {{ ref('base_olist__products') }}
    where {{ changed_rows_only('olist', 'products', 'product_id') }}

),

-- The newest version of each row: where the source no longer has it, what was known last.
final as (

    select
        ---------- ids
        product_id,

        ---------- strings
        category_name_portuguese,

        ---------- numerics
        name_length,
        description_length,
        photos_count,
        weight_g,
        length_cm,
        height_cm,
        width_cm,

        ---------- audit
        _batch_id,
        _loaded_at,

        ---------- derived
        until_batch_id is not null as is_removed
    from base_olist__products
    where
        until_batch_id is null
        or not exists (
            select 1
            from later_versions
            where
                later_versions.product_id = base_olist__products.product_id
                and later_versions._batch_id > base_olist__products._batch_id
        )

)

select * from final
