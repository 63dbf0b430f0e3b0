-- As assert_values_can_be_cast says of the nine tables: a value that cannot be cast is null
-- in staging and warns; more of them than max_invalid_values fail, as the file is broken then.
{{ config(
    severity='error',
    warn_if='> 0',
    error_if='> ' ~ var('max_invalid_values'),
) }}

select * from {{ ref('invalid_external_values') }}
