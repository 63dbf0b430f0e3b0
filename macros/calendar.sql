{#- First day of dim_dates. -#}
{% macro calendar_start() -%}
    cast('{{ var("calendar_starts_on") }}' as date)
{%- endmacro %}


{#- The day after the last one of dim_dates. -#}
{% macro calendar_end() -%}
    {%- set last_day = "cast('" ~ var("calendar_ends_on") ~ "' as date)" -%}
    cast({{ dbt.dateadd("day", 1, last_day) }} as date)
{%- endmacro %}


{#- ISO week of the year, 1 to 53. -#}
{% macro iso_week(day) -%}
    {{ return(adapter.dispatch("iso_week", "olist_warehouse")(day)) }}
{%- endmacro %}

{% macro default__iso_week(day) -%}
    cast(extract(week from {{ day }}) as integer)
{%- endmacro %}


{#- Year that the ISO week of a day belongs to. -#}
{% macro iso_year(day) -%}
    {{ return(adapter.dispatch("iso_year", "olist_warehouse")(day)) }}
{%- endmacro %}

{% macro default__iso_year(day) -%}
    cast(extract(isoyear from {{ day }}) as integer)
{%- endmacro %}


{#- ISO day of the week: Monday is 1, Sunday is 7. -#}
{% macro iso_day_of_week(day) -%}
    {{ return(adapter.dispatch("iso_day_of_week", "olist_warehouse")(day)) }}
{%- endmacro %}

{% macro default__iso_day_of_week(day) -%}
    cast(extract(isodow from {{ day }}) as integer)
{%- endmacro %}


{#- A number from 1 on to its English name: `names[number - 1]`. No format string of a database is
    used, because their names follow its locale. -#}
{% macro name_of(number, names) -%}
    case {{ number }}
        {%- for name in names %}
        when {{ loop.index }} then '{{ name }}'
        {%- endfor %}
    end
{%- endmacro %}


{#- English name of the month that a day is in. -#}
{% macro month_name(day) -%}
    {{ name_of("extract(month from " ~ day ~ ")", [
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ]) }}
{%- endmacro %}


{#- English name of a day of the week. -#}
{% macro day_name(day) -%}
    {{ name_of(iso_day_of_week(day), [
        "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
    ]) }}
{%- endmacro %}


{#- What the engine's own calendar says of a day, as text: the singular tests compare dim_dates with it.

    part: a format of to_char that every engine knows under some name (see the macros of each) -#}
{% macro day_as_text(day, part) -%}
    {{ return(adapter.dispatch("day_as_text", "olist_warehouse")(day, part)) }}
{%- endmacro %}

{% macro default__day_as_text(day, part) -%}
    to_char({{ day }}, '{{ part }}')
{%- endmacro %}
