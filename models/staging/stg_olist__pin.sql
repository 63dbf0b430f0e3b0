with

landed_batches as (

    select batch_id
    from {{ source('olist', '_batches') }}
    where status = 'landed'

),

-- The newest batch is asked for only where no run has pinned one.
final as (

    select
        coalesce(
            {{ batch_of_last_run() }},
            (select max(landed_batches.batch_id) from landed_batches),
            0
        ) as batch_id

)

select * from final
