-- As assert_values_are_of_their_type says of the nine tables: a value that cannot be cast is null
-- in staging and warns; more of them than max_invalid_values fail, as the export is broken then.
{{ config(
    severity='error',
    warn_if='> 0',
    error_if='> ' ~ var('max_invalid_values'),
) }}

select * from {{ ref('invalid_operations_values') }}
