{#- Rules of a model in one scan: rows that break one, with the names of the rules that they break
    (`broken_rules`). Null passes.

    expressions: by name of the rule, an SQL expression that is true -#}
{% test expressions_are_true(model, expressions) %}

select
    *,
    concat(
        {%- for rule, expression in expressions.items() %}
        case when not ({{ expression }}) then '{{ rule }} ' else '' end{{ "," if not loop.last }}
        {%- endfor %}
    ) as broken_rules
from {{ model }}
where
    {%- for expression in expressions.values() %}
    {{ "or " if not loop.first }}not ({{ expression }})
    {%- endfor %}

{% endtest %}
