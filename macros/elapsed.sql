{#- Time between two timestamps as numeric(10, 2) of hours or days, fractions kept; negative where
    the source has them in the wrong order, null where one is missing. Parts of a second do not count.

    unit: "hour" or "day" -#}
{% macro elapsed(started_at, ended_at, unit) -%}
    {%- set seconds = {"hour": 3600, "day": 86400}[unit] -%}
    {{ return(adapter.dispatch("elapsed", "olist_warehouse")(started_at, ended_at, seconds)) }}
{%- endmacro %}

{% macro default__elapsed(started_at, ended_at, seconds) -%}
    cast(
        {{ dbt.datediff(started_at, ended_at, "second") }} / {{ seconds }}.0 as numeric(10, 2)
    )
{%- endmacro %}

{#- dbt's datediff takes both apart, down to the second, in floating point: three times the work. -#}
{% macro postgres__elapsed(started_at, ended_at, seconds) -%}
    cast(
        extract(epoch from date_trunc('second', {{ ended_at }}) - date_trunc('second', {{ started_at }}))
        / {{ seconds }} as numeric(10, 2)
    )
{%- endmacro %}
