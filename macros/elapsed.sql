{#- Time between two timestamps as numeric(10, 2) of hours or days, fractions kept; negative where
    the source has them in the wrong order, null where one is missing. Parts of a second do not count.

    unit: "hour" or "day" -#}
{% macro elapsed(started_at, ended_at, unit) -%}
    {%- set seconds = {"hour": "3600", "day": "86400"}[unit] -%}
    {{ return(adapter.dispatch("elapsed", "olist_warehouse")(started_at, ended_at, seconds)) }}
{%- endmacro %}

{% macro default__elapsed(started_at, ended_at, seconds) -%}
    {{ quotient(dbt.datediff(started_at, ended_at, "second"), seconds ~ ".0", "numeric(10, 2)") }}
{%- endmacro %}

{#- dbt's datediff takes both apart, down to the second, in floating point: three times the work. -#}
{% macro postgres__elapsed(started_at, ended_at, seconds) -%}
    cast(
        extract(epoch from date_trunc('second', {{ ended_at }}) - date_trunc('second', {{ started_at }}))
        / {{ seconds }} as numeric(10, 2)
    )
{%- endmacro %}


{#- A quotient as numeric(p, s), exact: rounded half away from zero, as PostgreSQL rounds.

    dividend: a whole number or a numeric with `dividend_scale` digits after the point; divisor: a
    positive whole number, not an integer by type where the dividend is one; type: numeric(p, s) -#}
{% macro quotient(dividend, divisor, type, dividend_scale=0) -%}
    {{ return(adapter.dispatch("quotient", "olist_warehouse")(dividend, divisor, type, dividend_scale)) }}
{%- endmacro %}

{% macro default__quotient(dividend, divisor, type, dividend_scale) -%}
    cast({{ dividend }} / {{ divisor }} as {{ type }})
{%- endmacro %}


{#- Seconds from one timestamp to another, parts of them too, by the engine's own interval: the singular
    tests compare `elapsed` with it. -#}
{% macro seconds_between(started_at, ended_at) -%}
    {{ return(adapter.dispatch("seconds_between", "olist_warehouse")(started_at, ended_at)) }}
{%- endmacro %}

{% macro default__seconds_between(started_at, ended_at) -%}
    extract(epoch from {{ ended_at }} - {{ started_at }})
{%- endmacro %}
