{#- What Spark says otherwise than PostgreSQL, so that both give the same rows (docs/engines.md). -#}

{% macro spark__trimmed(column) -%}
    nullif(trim(both ' \t\r\n' from {{ column }}), '')
{%- endmacro %}


{% macro spark__iso_day_of_week(day) -%}
    (weekday({{ day }}) + 1)
{%- endmacro %}


{% macro spark__iso_year(day) -%}
    extract(yearofweek from {{ day }})
{%- endmacro %}


{% macro spark__source_time(moment) -%}
    convert_timezone(current_timezone(), '{{ var("source_time_zone") }}', {{ moment }})
{%- endmacro %}


{#- A wide decimal divided has six digits after the point, rounded, and a cast would round it again: so it
    is divided in whole numbers of the last digit. -#}
{% macro spark__quotient(dividend, divisor, type, dividend_scale) -%}
    {%- set scale = type.split(",")[1].strip(" )") | int -%}
    {%- set digits = [dividend_scale, scale] | max -%}
    {%- set units = "cast(" ~ dividend ~ " * " ~ 10 ** digits ~ " as decimal(38, 0))" -%}
    {%- set parts = "(abs(cast(" ~ divisor ~ " as decimal(38, 0))) * " ~ 10 ** (digits - scale) ~ ")" -%}
    cast(
            cast(sign({{ units }}) * sign({{ divisor }}) as int)
            * cast((2 * abs({{ units }}) + {{ parts }}) div (2 * {{ parts }}) as decimal(27, 0))
            * cast({{ 10 ** -scale }} as decimal({{ scale + 1 }}, {{ scale }}))
            as {{ type }}
        )
{%- endmacro %}


{#- Spark has no format for an ISO week: date_format is asked for what it has. -#}
{% macro spark__day_as_text(day, part) -%}
    {%- set formats = {
        "YYYYMMDD": "yyyyMMdd", "YYYY": "yyyy", "Q": "q", "MM": "MM", "FMMonth": "MMMM",
        "YYYY-MM": "yyyy-MM", "FMDay": "EEEE",
    } -%}
    {%- if part == "IW" -%}
        cast(weekofyear({{ day }}) as string)
    {%- elif part == "ID" -%}
        cast(extract(dow_iso from {{ day }}) as string)
    {%- else -%}
        date_format({{ day }}, '{{ formats[part] }}')
    {%- endif -%}
{%- endmacro %}


{% macro spark__seconds_between(started_at, ended_at) -%}
    (unix_micros(cast({{ ended_at }} as timestamp_ltz)) - unix_micros(cast({{ started_at }} as timestamp_ltz)))
    / 1000000
{%- endmacro %}


{#- dbt's own goes through numbers of seconds, which are no moments without a zone. -#}
{% macro spark__dateadd(datepart, interval, from_date_or_timestamp) -%}
    timestampadd({{ datepart }}, {{ interval }}, cast({{ from_date_or_timestamp }} as timestamp))
{%- endmacro %}


{#- The contract of a mart is in PostgreSQL's names of types; this is what Spark calls them. -#}
{% macro spark__get_empty_schema_sql(columns) -%}
    {%- set names = {"text": "string", "timestamp without time zone": "timestamp"} -%}
    select
    {%- for column in columns.values() %}
        cast(null as {{ names.get(column.data_type, column.data_type) }}) as {{ column.name }}
        {{- "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#- Rights on Spark belong to its catalog, and not to a role of a database: nothing is granted. -#}
{% macro spark__apply_grants(relation, grant_config, should_revoke=True) -%}
{%- endmacro %}


{#- Rows of a seed as literals: dbt's own binds them, and a null or a quote breaks that. -#}
{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- set types = model.config.column_types -%}
    {%- set statement_sql -%}
    insert into {{ this.render() }} values
    {%- for row in agate_table.rows %}
        (
        {%- for value in row -%}
            {%- set name = agate_table.column_names[loop.index0] -%}
            {%- set type = types.get(name, adapter.convert_type(agate_table, loop.index0)) -%}
            {%- set text = "null" if value is none else dbt.string_literal(dbt.escape_single_quotes(value | string)) -%}
            cast({{ text }} as {{ type }}){{ ", " if not loop.last }}
        {%- endfor -%}
        ){{ "," if not loop.last }}
    {%- endfor %}
    {%- endset -%}
    {%- do adapter.add_query(statement_sql, abridge_sql_log=True) -%}
    {{ return(statement_sql) }}
{%- endmacro %}


{#- Spark's own tables have no constraint: the not_null tests say what those of the contract do. -#}
{% macro spark__persist_constraints(relation, model) -%}
{%- endmacro %}
