{#- Fails for each value below min_value or above max_value; null passes. -#}
{% test accepted_range(model, column_name, min_value=none, max_value=none, inclusive=true) %}
    {%- set equal = "=" if inclusive else "" -%}
    select *
    from {{ model }}
    where
        false
        {%- if min_value is not none %}
        or not ({{ column_name }} >{{ equal }} {{ min_value }})
        {%- endif %}
        {%- if max_value is not none %}
        or not ({{ column_name }} <{{ equal }} {{ max_value }})
        {%- endif %}
{% endtest %}


{#- Fails for each combination of values that occurs more than once. -#}
{% test unique_combination_of_columns(model, combination_of_columns, quote_columns=false) %}
    {%- set names = [] -%}
    {%- for column in combination_of_columns -%}
        {%- do names.append(adapter.quote(column) if quote_columns else column) -%}
    {%- endfor %}
    select {{ names | join(", ") }}
    from {{ model }}
    group by {{ names | join(", ") }}
    having count(*) > 1
{% endtest %}


{#- Fails for each row for which the expression is false; null passes. -#}
{% test expression_is_true(model, expression, column_name=none) %}
    select {{ "*" if should_store_failures() else "1" }}
    from {{ model }}
    where not ({{ column_name if column_name is not none }} {{ expression }})
{% endtest %}
