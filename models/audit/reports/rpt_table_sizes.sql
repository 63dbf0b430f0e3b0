with

tables as (

    select
        pg_namespace.nspname as schema_name,
        pg_class.relname as table_name,
        pg_class.oid as table_oid,
        pg_class.reltuples as estimated_rows
    from pg_class
    inner join pg_namespace
        on pg_class.relnamespace = pg_namespace.oid
    where
        pg_class.relkind in ('r', 'm')
        and pg_namespace.nspname in (
            '{{ source('olist', '_batches').schema }}',
            {{ literals(schemas_of_target()) }}
        )

),

final as (

    select
        cast(schema_name as text) as schema_name,
        cast(table_name as text) as table_name,
        cast(nullif(estimated_rows, -1) as bigint) as estimated_rows,
        pg_total_relation_size(table_oid) as total_bytes,
        pg_table_size(table_oid) as table_bytes,
        pg_indexes_size(table_oid) as index_bytes
    from tables

)

select * from final
