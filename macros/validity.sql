{#- When a version of a member begins that nothing is known before: it holds for all earlier time. -#}
{% macro min_timestamp() -%}
    cast('1900-01-01' as timestamp)
{%- endmacro %}


{#- When the current version of a member ends. -#}
{% macro max_timestamp() -%}
    cast('9999-12-31' as timestamp)
{%- endmacro %}


{#- A moment as the source's clock shows it (variable source_time_zone), whatever the session's time
    zone is: the timestamps of the source have none.

    moment: a timestamp with time zone -#}
{% macro source_time(moment) -%}
    {{ return(adapter.dispatch("source_time", "olist_warehouse")(moment)) }}
{%- endmacro %}

{% macro default__source_time(moment) -%}
    ({{ moment }} at time zone '{{ var("source_time_zone") }}')
{%- endmacro %}


{#- The columns that make the versions of a member a type 2 dimension; valid_to is not part of the
    range. The query joins each version (its _batch_id) to its batch, whose loaded_at is source_time.

    natural_key: what all versions of a member share -#}
{% macro validity(natural_key) -%}
    {%- set in_order = "over (partition by " ~ natural_key ~ " order by batches.batch_id)" -%}
    cast(row_number() {{ in_order }} as integer) as version_number,
    case
        when row_number() {{ in_order }} = 1 then {{ min_timestamp() }} else batches.loaded_at
    end as valid_from,
    coalesce(lead(batches.loaded_at) {{ in_order }}, {{ max_timestamp() }}) as valid_to,
    lead(batches.batch_id) {{ in_order }} is null as is_current
{%- endmacro %}


{#- Query of all versions of the rows of a table, with the batch that opened the next one. A value that
    was invalid (null, as it is not of its type) is the one that later fixed it, so that the
    mistake of a file is no version of a member.

    versions: relation with a row per version; key: column that names the row; columns: attributes;
    validated: those of them that the relation has is_<column>_invalid for -#}
{% macro versions_once_fixed(versions, key, columns, validated) -%}
    select
        {{ key }},
        {%- for column in columns if column not in validated %}
        {{ column }},
        {%- endfor %}
        {%- for column in validated %}
        max({{ column }}) over (partition by {{ key }}, {{ column }}_fix) as {{ column }},
        {%- endfor %}
        _batch_id,
        until_batch_id,
        lead(_batch_id) over (partition by {{ key }} order by _batch_id) as next_batch_id
    from (
        select
            *,
            {%- for column in validated %}
            -- the same for a version that was valid and for the invalid ones before it
            count(case when not is_{{ column }}_invalid then 1 end)
                over (partition by {{ key }} order by _batch_id desc) as {{ column }}_fix
            {{- "," if not loop.last }}
            {%- endfor %}
        from {{ versions }}
    ) as numbered
{%- endmacro %}


{#- Whether a version was closed by a batch that opened no other one of the same row. -#}
{% macro is_deleted() -%}
    until_batch_id < coalesce(next_batch_id, until_batch_id + 1)
{%- endmacro %}


{#- Whether a row has another value in one of the columns than the row before it, of an earlier batch;
    the first row of a member has.

    columns: their names; natural_key: what all rows of a member share -#}
{% macro is_changed(columns, natural_key) -%}
    {%- set in_order = "over (partition by " ~ natural_key ~ " order by _batch_id)" -%}
    lag(_batch_id) {{ in_order }} is null
    {%- for column in columns %}
        or {{ column }} is distinct from lag({{ column }}) {{ in_order }}
    {%- endfor %}
{%- endmacro %}
