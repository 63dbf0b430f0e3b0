{#- Columns that are never null, in one pass over the model: dbt has a fixed cost a test, and a view
    is computed for each.

    columns: their names -#}
{% test no_nulls(model, columns) %}

select {{ columns | join(", ") }}
from {{ model }}
where {{ columns | join(" is null or ") }} is null

{% endtest %}
