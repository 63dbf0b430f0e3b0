{#- A source column as another type; null where its text is not of that type, so that one bad value
    never stops a build. What was there is in invalid_values (schema audit). A whole number may be
    written with a fraction of zeros (`225.0`).

    column: a text column of the source
    type: integer, numeric(p, s), timestamp, or zip_code_prefix: text of five digits -#}
{% macro try_cast(column, type) -%}
    {%- if type == "zip_code_prefix" -%}
        {{ return(adapter.dispatch("five_digits", "olist_warehouse")(column)) }}
    {%- else -%}
        {{ return(adapter.dispatch("try_cast", "olist_warehouse")(column, type)) }}
    {%- endif -%}
{%- endmacro %}

{% macro default__try_cast(column, type) -%}
    {{ dbt.safe_cast(trimmed(column), type) }}
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

{#- PostgreSQL skips white space by itself. It also takes words for a moment (`now`, `infinity`) and
    `NaN` for a number: those are no values here. The case is inside of the cast, because PostgreSQL
    may compute the cast of a constant before any row is read. -#}
{% macro postgres__try_cast(column, type) -%}
    {%- set is_valid = input_check() ~ "(" ~ column ~ ", '" ~ type ~ "')" -%}
    {%- if type == "timestamp" -%}
        {%- set shape = " like '____-__-__%'" -%}
        {%- set has_shape = column ~ shape ~ " or ltrim(" ~ column ~ ", E' \\t\\r\\n')" ~ shape -%}
        {%- set is_valid = "(" ~ has_shape ~ ") and " ~ is_valid -%}
    {%- endif -%}
    {%- set whole = "" -%}
    {%- if type == "integer" -%}
        {%- set whole = " when " ~ column ~ " ~ '^\\s*[+-]?[0-9]{1,9}[.]0+\\s*$' then split_part(" ~ column ~ ", '.', 1)" -%}
    {%- endif -%}
    {%- set value = "cast(case when " ~ is_valid ~ " then " ~ column ~ whole ~ " end as " ~ type ~ ")" -%}
    {{ "nullif(" ~ value ~ ", 'NaN')" if type.startswith("numeric") else value }}
{%- endmacro %}


{#- Whether a source column has a text that is not of its type: null by try_cast. -#}
{% macro is_refused(column, type) -%}
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
    {{ create_staging_schema() }}
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
    own casts take more. Its first group is the value: a zone in a moment's text is left out, as
    PostgreSQL does.

    type: an integer, numeric(p, s) or timestamp type -#}
{% macro form_of(type) -%}
    {{ return({
        "integer": "^([+-]?[0-9]+)([.]0+)?$",
        "numeric": "^([+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?)$",
        "timestamp": "^([0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?)?)"
            ~ " ?(Z|[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?)?$",
    }[type.split("(")[0]]) }}
{%- endmacro %}
