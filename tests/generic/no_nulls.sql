{#- Columns that are never null, in one pass over the model: dbt has a fixed cost a test, and a view
    is computed for each. A row that has one is kept whole, so that it can be found.

    columns: their names -#}
{% test no_nulls(model, columns) %}

select *
from {{ model }}
where {{ columns | join(" is null or ") }} is null

{% endtest %}
