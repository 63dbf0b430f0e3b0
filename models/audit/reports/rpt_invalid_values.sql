with

invalid_values as (

    select
        table_name,
        column_name,
        expected_type,
        invalid_value,
        _batch_id
    from {{ ref('invalid_values') }}

),

final as (

    select
        {{ dbt.concat(["table_name", "'.'", "column_name"]) }} as source_column,
        table_name,
        column_name,
        expected_type,
        count(*) as invalid_values,
        min(invalid_value) as example_value,
        max(_batch_id) as newest_batch_id
    from invalid_values
    group by table_name, column_name, expected_type

)

select * from final
