with

landed as (

    select
        batch_id,
        loaded_at
    from {{ source('olist', '_batches') }}
    where status = 'landed'

),

stg_olist__orders as (

    select max(purchased_at) as newest_order_at
    from {{ ref('stg_olist__orders') }}

),

built as (

    select
        {{ batch_of_facts() }} as built_batch_id,
        {{ time_of_last_build() }} as built_at

),

batches_counted as (

    select
        max(landed.batch_id) as newest_batch_id,
        max(landed.loaded_at) as newest_batch_landed_at,
        max(landed.loaded_at) filter (where landed.batch_id <= built.built_batch_id)
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
        stg_olist__orders.newest_order_at,
        tests_counted.tested_at,
        tests_counted.tests_passed,
        tests_counted.tests_warned,
        tests_counted.tests_failed,
        tests_counted.tests_skipped
    from batches_counted
    cross join built
    cross join stg_olist__orders
    cross join tests_counted

)

select * from final
