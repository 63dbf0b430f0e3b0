with

base_olist__sellers as (

    select
        seller_id,
        zip_code_prefix,
        city,
        state_code,
        is_removed
    from {{ ref('base_olist__sellers') }}

),

batches as (

    select {{ source_time('max(landed_at)') }} as seen_at
    from {{ ref('stg_olist__batches') }}

),

final as (

    select
        ---------- ids
        base_olist__sellers.seller_id,

        ---------- strings
        base_olist__sellers.zip_code_prefix,
        base_olist__sellers.city,
        base_olist__sellers.state_code,

        ---------- booleans
        base_olist__sellers.is_removed,

        ---------- timestamps
        batches.seen_at
    from base_olist__sellers
    cross join batches

)

select * from final
