with

base_olist__sellers as (

    select * from {{ ref('base_olist__sellers') }}

),

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
        _loaded_at
    from base_olist__sellers
    where not is_removed

)

select * from final
