{#- When a version of a member begins that nothing is known before: it holds for all earlier time. -#}
{% macro beginning_of_time() -%}
    cast('1900-01-01' as timestamp)
{%- endmacro %}


{#- When the current version of a member ends. -#}
{% macro end_of_time() -%}
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


{#- The columns that make a snapshot's versions a type 2 dimension; valid_to is not part of the range.

    natural_key: column of the snapshot that is its unique_key -#}
{% macro validity(natural_key) -%}
    {%- set version = "row_number() over (partition by " ~ natural_key ~ " order by dbt_valid_from)" -%}
    {{ version }} as version_number,
    case
        when {{ version }} = 1 then {{ beginning_of_time() }} else dbt_valid_from
    end as valid_from,
    coalesce(dbt_valid_to, {{ end_of_time() }}) as valid_to,
    dbt_valid_to is null as is_current
{%- endmacro %}
