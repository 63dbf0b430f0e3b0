{#- Foreign keys of a model in one scan: rows with a value that the other model does not have, and
    the names of these columns (`broken_keys`). Null passes.

    columns: by column, the model that it points to (`to`) and its column (`field`)
    order_id: column that names the order, where a build tests the changed ones only -#}
{% test foreign_keys(model, columns, order_id=none) %}
{%- set broken, names = {}, [] -%}
{%- for column, parent in columns.items() -%}
    {%- set found = "parent_" ~ loop.index ~ "." ~ parent.field -%}
    {%- do broken.update({column: "child." ~ column ~ " is not null and " ~ found ~ " is null"}) -%}
    {%- do names.append("case when " ~ broken[column] ~ " then '" ~ column ~ " ' else '' end") -%}
{%- endfor %}

with

child as (

    select * from {{ model }}
{%- if order_id %}
    where {{ changed_orders_only(order_id) }}
    {%- endif %}

)

select
    child.*,
    concat({{ names | join(", ") }}) as broken_keys
from child
{%- for column, parent in columns.items() %}
left join
    (
        select {{ parent.field }}
        from {{ parent.to }}
    {%- if order_id %}
        where {{ related_rows_only("child", column, parent.field) }}
    {%- endif %}
    ) as parent_{{ loop.index }}
    on child.{{ column }} = parent_{{ loop.index }}.{{ parent.field }}
{%- endfor %}
where ({{ broken.values() | join(") or (") }})

{% endtest %}
