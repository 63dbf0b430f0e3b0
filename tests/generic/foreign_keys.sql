{#- Foreign keys of a model in one scan: rows with a value that the other model does not have, and
    the names of these columns (`broken_keys`). Null passes.

    columns: by column, the model that it points to (`to`) and its column (`field`) -#}
{% test foreign_keys(model, columns) %}
{%- set broken = {} -%}
{%- for column, parent in columns.items() -%}
    {%- do broken.update({column:
        "child." ~ column ~ " is not null and not exists (select 1 from " ~ parent.to
        ~ " where " ~ parent.field ~ " = child." ~ column ~ ")"
    }) -%}
{%- endfor %}

with

child as (

    select * from {{ model }}

)

select
    child.*,
    concat(
        {%- for column, is_broken in broken.items() %}
        case when {{ is_broken }} then '{{ column }} ' else '' end{{ "," if not loop.last }}
        {%- endfor %}
    ) as broken_keys
from child
where
    {%- for is_broken in broken.values() %}
    {{ "or " if not loop.first }}({{ is_broken }})
    {%- endfor %}

{% endtest %}
