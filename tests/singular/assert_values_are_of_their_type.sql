-- A value that cannot be cast is null in staging: it warns, because one bad price is no reason to
-- withhold a day's orders, and fails past max_invalid_values, because then the export is broken.
-- A sum that lacks a price is only honest while someone reads this list.
{{ config(
    severity='error',
    warn_if='> 0',
    error_if='> ' ~ var('max_invalid_values'),
) }}

select * from {{ ref('invalid_values') }}
