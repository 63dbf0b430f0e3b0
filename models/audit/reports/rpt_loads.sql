with

batches as (

    select * from {{ source('olist', '_batches') }}

),

files as (

    select * from {{ source('olist', '_files') }}

),

final as (

    select
        ---------- batch
        batches.batch_id,
        batches.source as source_name,
        batches.mode,
        batches.started_at,
        batches.finished_at,
        case when batches.status = 'landed' then batches.finished_at end as landed_at,
        case when batches.status = 'landed' then batches.batch_id <= {{ batch_of_facts() }} end
            as is_built,

        ---------- file
        files.table_name,
        files.file_name,
        files.bytes as file_bytes,
        coalesce(files.status, batches.status) as status,

        ---------- measures
        coalesce(files.rows_read, batches.rows_read) as rows_read,
        coalesce(files.rows_new, batches.rows_new) as rows_new,
        coalesce(files.rows_changed, batches.rows_changed) as rows_changed,
        coalesce(files.rows_removed, batches.rows_removed) as rows_removed,
        coalesce(files.rows_rejected, batches.rows_rejected) as rows_rejected,
        coalesce(files.seconds, batches.seconds) as seconds,
        batches.error
    from batches
    left join files
        on batches.batch_id = files.batch_id

)

select * from final
