{#- Time between two timestamps as numeric(10, 2) of hours or days, fractions kept; negative where
    the source has them in the wrong order, null where one is missing.

    unit: "hour" or "day" -#}
{% macro elapsed(started_at, ended_at, unit) -%}
    {%- set seconds = {"hour": 3600, "day": 86400}[unit] -%}
    cast(
        {{ dbt.datediff(started_at, ended_at, "second") }} / {{ seconds }}.0 as numeric(10, 2)
    )
{%- endmacro %}
