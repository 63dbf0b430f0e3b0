{#- Rules of single values that a source may break: expressions_are_true that warns, because one odd
    value is no reason to withhold a day's orders, and fails past max_invalid_values, because then
    the export is broken.

    expressions: by name of the rule, an SQL expression that is true -#}
{% test values_are_valid(model, expressions) %}
{{ config(severity='error', warn_if='> 0', error_if='> ' ~ var('max_invalid_values')) }}
{{ test_expressions_are_true(model, expressions) }}
{% endtest %}
