{#- Rules of a model in one scan: rows that break one, with the names of the rules that they break
    (`broken_rules`). Null passes.

    expressions: by name of the rule, an SQL expression that is true -#}
{% test expressions_are_true(model, expressions) %}
{%- set names = [] -%}
{%- for rule, expression in expressions.items() -%}
    {%- do names.append("case when not (" ~ expression ~ ") then '" ~ rule ~ " ' else '' end") -%}
{%- endfor %}

select
    *,
    concat({{ names | join(", ") }}) as broken_rules
from {{ model }}
where not ({{ expressions.values() | join(") or not (") }})

{% endtest %}
