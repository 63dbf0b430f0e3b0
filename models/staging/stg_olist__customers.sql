with

base_olist__customers as (

    select * from {{ ref('base_olist__customers') }}

),

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
        _loaded_at
    from base_olist__customers
    where not is_removed

)

select * from final
