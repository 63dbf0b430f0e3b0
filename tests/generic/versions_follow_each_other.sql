{#- The versions of a member cover all time, once, and each member of the dimension has some: the
    first begins at the start, each begins where the one before it ends, the last, and only it, is
    current. A join as of a moment leans on it: a gap would lose rows, an overlap would double them.

    key: column that is the same in all versions of a member; dimension: the members -#}
{% test versions_follow_each_other(model, key, dimension) %}

with

versions as (

    select
        {{ key }},
        valid_from,
        valid_to,
        is_current,
        lag(valid_to) over (partition by {{ key }} order by valid_from, valid_to)
            as previous_valid_to,
        lead(valid_from) over (partition by {{ key }} order by valid_from, valid_to)
            as next_valid_from
    from {{ model }}

)

select
    {{ key }},
    valid_from,
    valid_to
from versions
where
    valid_from >= valid_to
    or valid_from <> coalesce(previous_valid_to, {{ min_timestamp() }})
    or valid_to <> coalesce(next_valid_from, {{ max_timestamp() }})
    or is_current <> (next_valid_from is null)

union all

select
    {{ key }},
    null as valid_from,
    null as valid_to
from {{ dimension }}
where {{ key }} not in (select {{ key }} from {{ model }})

{% endtest %}
