{#- What DuckDB says otherwise than PostgreSQL, so that both give the same rows (docs/engines.md). -#}

{% macro duckdb__trimmed(column) -%}
    nullif(trim({{ column }}, e' \t\r\n'), '')
{%- endmacro %}


{#- DuckDB divides numerics as doubles, which round otherwise: so whole numbers are divided, of
    units of the last digit. -#}
{% macro duckdb__quotient(dividend, divisor, type, dividend_scale) -%}
    {%- set scale = type.split(",")[1].strip(" )") | int -%}
    {%- set digits = [dividend_scale, scale] | max -%}
    {%- set units = "cast(" ~ dividend ~ " * " ~ 10 ** digits ~ " as hugeint)" -%}
    {%- set parts = "(abs(cast(" ~ divisor ~ " as hugeint)) * " ~ 10 ** (digits - scale) ~ ")" -%}
    cast(
            sign({{ units }}) * sign({{ divisor }})
            * cast((2 * abs({{ units }}) + {{ parts }}) // (2 * {{ parts }}) as decimal(27, 0))
            * cast({{ 10 ** -scale }} as decimal({{ scale + 1 }}, {{ scale }}))
            as {{ type }}
        )
{%- endmacro %}


{% macro duckdb__day_as_text(day, part) -%}
    {%- set formats = {
        "YYYYMMDD": "%Y%m%d", "YYYY": "%Y", "MM": "%m", "FMMonth": "%B", "YYYY-MM": "%Y-%m",
        "IW": "%V", "ID": "%u", "FMDay": "%A",
    } -%}
    {%- if part == "Q" -%}
        cast(quarter({{ day }}) as text)
    {%- else -%}
        strftime({{ day }}, '{{ formats[part] }}')
    {%- endif -%}
{%- endmacro %}


{#- dbt-duckdb's own would make the indexes that a model asks for. DuckDB reads columns and needs
    none, and while one thread looks for them, another that drops a table makes it fail. -#}
{% macro duckdb__get_create_index_sql(relation, index_dict) -%}
{%- endmacro %}


{#- dbt-duckdb's own warns that there are no grants; whoever may read the file may read all of it. -#}
{% macro duckdb__apply_grants(relation, grant_config, should_revoke=True) -%}
{%- endmacro %}
