with

landed as (

    select
        batch_id,
        finished_at
    from {{ source('olist', '_batches') }}
    where status = 'landed'

),

built as (

    select
        {{ batch_of_facts() }} as built_batch_id,
        max(last_run.built_at) as built_at,
        max(last_run.newest_order_at) as newest_order_at
    from {{ target_table("_pin") }} as last_run

),

batches_counted as (

    select
        max(landed.batch_id) as newest_batch_id,
        max(landed.finished_at) as newest_batch_landed_at,
        max(landed.finished_at) filter (where landed.batch_id <= built.built_batch_id)
            as built_batch_landed_at,
        count(*) filter (where landed.batch_id > coalesce(built.built_batch_id, 0))
            as batches_behind
    from landed
    cross join built

),

tests_counted as (

    select
        max(ran_at) as tested_at,
        count(*) filter (where status = 'pass') as tests_passed,
        count(*) filter (where status = 'warn') as tests_warned,
        count(*) filter (where status in ('fail', 'error')) as tests_failed,
        count(*) filter (where status = 'skipped') as tests_skipped
    from {{ ref('rpt_test_results') }}

),

final as (

    select
        batches_counted.newest_batch_id,
        batches_counted.newest_batch_landed_at,
        built.built_batch_id,
        batches_counted.built_batch_landed_at,
        built.built_at,
        batches_counted.batches_behind,
        built.newest_order_at,
        tests_counted.tested_at,
        tests_counted.tests_passed,
        tests_counted.tests_warned,
        tests_counted.tests_failed,
        tests_counted.tests_skipped
    from batches_counted
    cross join built
    cross join tests_counted

)

select * from final
