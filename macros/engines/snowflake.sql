{#- What Snowflake says otherwise than PostgreSQL, so that both give the same rows (docs/snowflake.md). -#}

{#- The cast is for fakesnow, which trims blanks only without it. -#}
{% macro snowflake__trimmed(column) -%}
    nullif(trim(cast({{ column }} as varchar), ' \t\r\n'), '')
{%- endmacro %}


{#- A pattern finds null where there is nothing, an integer has 38 digits, and a moment with a zone is written in
    the one way that is documented for all of them: 2018-05-01 01:30:00.000000+05:30. -#}
{% macro snowflake__try_cast(column, type) -%}
    {%- set found = "regexp_substr(" ~ trimmed(column) ~ ", '" ~ text_pattern(type) ~ "', 1, 1, 'e', " -%}
    {%- set value = "try_cast(nullif(" ~ found ~ "1), '') as " ~ type ~ ")" -%}
    {%- if type != "timestamp" -%}
        {%- set is_small = value ~ " between -2147483648 and 2147483647" -%}
        {{ return("case when " ~ is_small ~ " then " ~ value ~ " end" if type == "integer" else value) }}
    {%- endif -%}
    {%- set zone = "replace(replace(" ~ found ~ "5), 'UTC', 'Z'), 'Z', '+00')" -%}
    {%- set offset = "left(" ~ zone ~ ", 3) || ':' || right('00' || replace(substr(" ~ zone ~ ", 4), ':', ''), 2)" -%}
    {%- set moment = "to_char(" ~ value ~ ", 'YYYY-MM-DD HH24:MI:SS.FF6') || " ~ offset -%}
    case
            when {{ column }} like '{{ without_zone() }}' or coalesce({{ zone }}, '') = '' then {{ value }}
            else {{ source_time("try_cast(" ~ moment ~ " as timestamp_tz)") }}
        end
{%- endmacro %}


{% macro snowflake__source_time(moment) -%}
    cast(convert_timezone('{{ var("source_time_zone") }}', {{ moment }}) as timestamp_ntz)
{%- endmacro %}


{% macro snowflake__iso_week(day) -%}
    weekiso({{ day }})
{%- endmacro %}


{% macro snowflake__iso_year(day) -%}
    yearofweekiso({{ day }})
{%- endmacro %}


{% macro snowflake__iso_day_of_week(day) -%}
    dayofweekiso({{ day }})
{%- endmacro %}


{#- A quotient has at most twelve digits after the point, rounded, and a cast would round it again: so whole
    numbers are divided, of units of the last digit, and without a remainder. -#}
{% macro snowflake__quotient(dividend, divisor, type, dividend_scale) -%}
    {%- set scale = type.split(",")[1].strip(" )") | int -%}
    {%- set digits = [dividend_scale, scale] | max -%}
    {%- set units = "cast(" ~ dividend ~ " * " ~ 10 ** digits ~ " as number(38, 0))" -%}
    {%- set parts = "(abs(cast(" ~ divisor ~ " as number(38, 0))) * " ~ 10 ** (digits - scale) ~ ")" -%}
    {%- set doubled = "(2 * abs(" ~ units ~ ") + " ~ parts ~ ")" -%}
    cast(
            sign({{ units }}) * sign({{ divisor }})
            * cast(({{ doubled }} - mod({{ doubled }}, 2 * {{ parts }})) / (2 * {{ parts }}) as number(27, 0))
            * cast({{ 10 ** -scale }} as number({{ scale + 1 }}, {{ scale }}))
            as {{ type }}
        )
{%- endmacro %}


{#- Snowflake has no format for a week, a quarter or the whole name of a day. -#}
{% macro snowflake__day_as_text(day, part) -%}
    {%- set formats = {
        "YYYYMMDD": "YYYYMMDD", "YYYY": "YYYY", "MM": "MM", "FMMonth": "MMMM", "YYYY-MM": "YYYY-MM",
    } -%}
    {%- set functions = {"Q": "quarter", "IW": "weekiso", "ID": "dayofweekiso"} -%}
    {%- if part in functions -%}
        cast({{ functions[part] }}({{ day }}) as varchar)
    {%- elif part == "FMDay" -%}
        decode(
            dayname({{ day }}), 'Mon', 'Monday', 'Tue', 'Tuesday', 'Wed', 'Wednesday', 'Thu', 'Thursday',
            'Fri', 'Friday', 'Sat', 'Saturday', 'Sun', 'Sunday'
        )
    {%- else -%}
        to_char(cast({{ day }} as timestamp_ntz), '{{ formats[part] }}')
    {%- endif -%}
{%- endmacro %}


{% macro snowflake__seconds_between(started_at, ended_at) -%}
    datediff(microsecond, {{ started_at }}, {{ ended_at }}) / 1000000
{%- endmacro %}
