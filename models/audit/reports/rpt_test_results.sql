with

newest as (

    select distinct on (test_name) *
    from {{ results_table() }}
    order by test_name asc, ran_at desc

),

final as (

    select
        test_name,
        model_name,
        severity,
        status,
        failures,
        failing_since,
        ran_at,
        asked_at,
        batch_id,
        message,
        failed_rows_table
    from newest

)

select * from final
