with

source as (

    select * from {{ source('olist', 'orders') }}
    where {{ is_landed() }}

),

renamed as (

    select
        ---------- ids
        order_id,
        customer_id,

        ---------- timestamps
        {{ try_cast('order_purchase_timestamp', 'timestamp') }} as purchased_at,

        ---------- audit
        _batch_id,
        case when _until_batch_id <= {{ pinned_batch() }} then _until_batch_id end as until_batch_id
    from source

)

select * from renamed
