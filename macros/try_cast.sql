{#- A source column as another type; null where its text is not of that type, so that one bad value
    never stops a build. What was there is in invalid_values (schema audit). A whole number may be
    written with a fraction of zeros (`225.0`). A moment with a zone (`2018-05-01T01:30:00Z`) is what
    the source's clock showed then (variable source_time_zone).

    column: a text column of the source
    type: integer, numeric(p, s), timestamp, or zip_code_prefix: text of five digits -#}
{% macro try_cast(column, type) -%}
    {%- if type == "zip_code_prefix" -%}
        {{ return(adapter.dispatch("five_digits", "olist_warehouse")(column)) }}
    {%- else -%}
        {{ return(adapter.dispatch("try_cast", "olist_warehouse")(column, type)) }}
    {%- endif -%}
{%- endmacro %}

{#- An engine's own cast may take more than PostgreSQL does (DuckDB: 1.5 is an integer; Spark: a year is
    a moment), so the pattern is checked first. What PostgreSQL alone knows (0x1F, 1_000, 10:56 PM) is no
    value here. -#}
{% macro default__try_cast(column, type) -%}
    {%- set text, pattern = trimmed(column), text_pattern(type) -%}
    {%- set value = "try_cast(nullif(regexp_extract(" ~ text ~ ", '" ~ pattern ~ "', 1), '') as " ~ type ~ ")" -%}
    {%- if type != "timestamp" -%}
        {{ return(value) }}
    {%- endif -%}
    {%- set zone = "regexp_extract(" ~ text ~ ", '" ~ pattern ~ "', 5)" -%}
    {%- set moment = "timestamp_ltz" if target.type == "spark" else "timestamptz" -%}
    {%- set text = "concat(cast(" ~ value ~ " as " ~ dbt.type_string() ~ "), replace(" ~ zone ~ ", 'UTC', 'Z'))" -%}
    case
            when {{ column }} like '{{ without_zone() }}' or {{ zone }} = '' then {{ value }}
            else {{ source_time("try_cast(" ~ text ~ " as " ~ moment ~ ")") }}
        end
{%- endmacro %}


{#- Pattern of the moments that nearly all are: it costs less than to look for a zone. -#}
{% macro without_zone() -%}
    ____-__-__ __:__:__
{%- endmacro %}

{% macro default__five_digits(column) -%}
    {%- set text = trimmed(column) -%}
    case when length({{ text }}) = 5 and translate({{ text }}, '0123456789', '') = '' then {{ text }} end
{%- endmacro %}

{#- Trimmed only where it has to be: there are a million of them. -#}
{% macro postgres__five_digits(column) -%}
    {%- set text, digits = trimmed(column), " ~ '^[0-9]{5}$' then " -%}
    case when {{ column }}{{ digits }}{{ column }} when {{ text }}{{ digits }}{{ text }} end
{%- endmacro %}

{#- PostgreSQL skips white space by itself, and takes `NaN` for a number, which is no value here. The case
    is inside of the cast, because PostgreSQL may compute the cast of a constant before any row is read. -#}
{% macro postgres__try_cast(column, type) -%}
    {%- if type == "timestamp" -%}
        {{ return(moment_of(column)) }}
    {%- endif -%}
    {%- set is_valid = input_check() ~ "(" ~ column ~ ", '" ~ type ~ "')" -%}
    {%- set whole = "" -%}
    {%- if type == "integer" -%}
        {%- set whole = " when " ~ column ~ " ~ '^\\s*[+-]?[0-9]{1,9}[.]0+\\s*$' then split_part(" ~ column ~ ", '.', 1)" -%}
    {%- endif -%}
    {%- set value = "cast(case when " ~ is_valid ~ " then " ~ column ~ whole ~ " end as " ~ type ~ ")" -%}
    {{ "nullif(" ~ value ~ ", 'NaN')" if type.startswith("numeric") else value }}
{%- endmacro %}


{#- The same of a moment on PostgreSQL, which takes words for one (`now`, `infinity`), and drops a zone: an
    offset or a name at the end, which am, pm, ad and bc are not. -#}
{% macro moment_of(column) -%}
    {%- set valid = "case when " ~ input_check() ~ "(" ~ column ~ ", 'timestamp') then " ~ column ~ " end" -%}
    {%- set moment = "cast(" ~ valid ~ " as timestamptz)" -%}
    case
            when {{ column }} like '{{ without_zone() }}' then cast({{ valid }} as timestamp)
            when {{ column }} ~* '^\s*\d{4}-\d\d-\d\d.*([-+][\d:]+|[a-z])(?<!am|pm|ad|bc)\s*$' then {{ source_time(moment) }}
            when {{ column }} ~ '^\s*.{4}-..-..' then cast({{ valid }} as timestamp)
        end
{%- endmacro %}


{#- Whether a source column has a text that is not of its type: null by try_cast. -#}
{% macro is_invalid(column, type) -%}
    {{ try_cast(column, type) }} is null and {{ trimmed(column) }} is not null
{%- endmacro %}


{#- Name of the function that tells whether a text is valid input for a type. -#}
{% macro input_check() -%}
    {{ return(staging_schema() ~ ".is_valid_input") }}
{%- endmacro %}


{#- on-run-start: makes that function where it is missing: PostgreSQL's own, from version 16 on, which the
    planner puts in its place, so that it costs nothing. -#}
{% macro create_input_check() -%}
    {%- if execute and target.type == "postgres" and flags.WHICH in ("build", "run", "seed", "test") %}
    {{ create_missing_schema(staging_schema()) }}
    do $do$
    begin
        if to_regprocedure('{{ input_check() }}(text, text)') is not null then
            return;
        end if;
        if current_setting('server_version_num')::integer >= 160000 then
            create function {{ input_check() }}(value text, type_name text) returns boolean
            language sql stable strict parallel safe as $$ select pg_input_is_valid(value, type_name) $$;
            return;
        end if;
        create function {{ input_check() }}(value text, type_name text) returns boolean
        language plpgsql stable strict as $$
        begin
            if type_name = 'integer' then
                perform value::integer;
            elsif type_name = 'timestamp' then
                perform value::timestamp;
            else  -- numeric(p, s), whose type modifier holds both
                perform "numeric"(
                    value::numeric,
                    (substring(type_name from '[0-9]+')::integer << 16)
                    + substring(type_name from ', ([0-9]+)')::integer + 4
                );
            end if;
            return true;
        exception when data_exception then
            return false;
        end
        $$;
    end
    $do$;
    {%- endif -%}
{%- endmacro %}


{#- Regular expression of the texts that are values of a type for PostgreSQL too, for an engine whose
    own casts take more. Its first group is the value, its fifth the zone of a moment. (Snowflake has
    no group without a number.)

    type: an integer, numeric(p, s) or timestamp type -#}
{% macro text_pattern(type) -%}
    {{ return({
        "integer": "^([+-]?[0-9]+)([.]0+)?$",
        "numeric": "^([+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?)$",
        "timestamp": "^([0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?)?)"
            ~ " ?(Z|UTC|[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?)?$",
    }[type.split("(")[0]]) }}
{%- endmacro %}
