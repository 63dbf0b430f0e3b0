with

source as (

    select * from {{ source('olist', '_batches') }}

),

renamed as (

    select
        ---------- ids
        batch_id,

        ---------- strings
        source as source_name,
        mode,

        ---------- numerics
        rows_read,
        rows_new,
        rows_changed,
        rows_removed,
        rows_rejected,
        seconds,

        ---------- timestamps
        loaded_at
    from source
    where status = 'landed'

)

select * from renamed
