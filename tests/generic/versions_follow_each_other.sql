{#- The versions of a member cover all time, once: the first begins at the start, each begins where
    the one before it ends, the last, and only it, is current. A join as of a moment leans on it: a
    gap would lose rows, an overlap would double them.

    key: column that is the same in all versions of a member -#}
{% test versions_follow_each_other(model, key) %}

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

select *
from versions
where
    valid_from >= valid_to
    or valid_from <> coalesce(previous_valid_to, {{ beginning_of_time() }})
    or valid_to <> coalesce(next_valid_from, {{ end_of_time() }})
    or is_current <> (next_valid_from is null)

{% endtest %}
