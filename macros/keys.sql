{#- Key of the member that stands for "not known" in every text-keyed dimension. -#}
{% macro unknown_key() -%}
    '-1'
{%- endmacro %}


{#- Surrogate key of a dimension: a hash of its natural key, the unknown member where that is null.
    Dimensions and facts both call it, so a fact needs no lookup, and a row that arrives before its
    dimension row has the right key at once. -#}
{% macro dimension_key(natural_key) -%}
    case
        when {{ natural_key }} is null then {{ unknown_key() }}
        else {{ dbt_utils.generate_surrogate_key([natural_key]) }}
    end
{%- endmacro %}


{#- Key of dim_dates (YYYYMMDD) for a date or timestamp; -1, its unknown member, for null and for a
    day that the calendar does not have. -#}
{% macro date_key(moment) -%}
    case
        when
            {{ moment }} >= {{ calendar_start() }}
            and {{ moment }} < {{ calendar_end() }}
            then {{ day_as_number(moment) }}
        else -1
    end
{%- endmacro %}


{#- The day of a date or timestamp as an integer, YYYYMMDD. -#}
{% macro day_as_number(moment) -%}
    {{ return(adapter.dispatch("day_as_number", "olist_warehouse")(moment)) }}
{%- endmacro %}

{% macro default__day_as_number(moment) -%}
    cast(
        extract(year from {{ moment }}) * 10000
        + extract(month from {{ moment }}) * 100
        + extract(day from {{ moment }})
        as integer
    )
{%- endmacro %}

{#- extract() is numeric in PostgreSQL; this is twice as fast. -#}
{% macro postgres__day_as_number(moment) -%}
    cast(to_char({{ moment }}, 'YYYYMMDD') as integer)
{%- endmacro %}
