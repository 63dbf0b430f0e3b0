{{ config(
    incremental_predicates=["{{ changed_rows_only('olist', 'products', 'product_id') }}"],
) }}

with

base_olist__products as (

    select * from {{ ref('base_olist__products') }}
    where {{ changed_rows_only('olist', 'products', 'product_id') }}

),

ranked as (

    select
        *,
        row_number() over (partition by product_id order by _batch_id desc) as version_rank
    from base_olist__products

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
    from ranked
    where version_rank = 1

)

select * from final
