{#- on-run-start: this run sees what has landed by now, and nothing that lands while it runs
    (docs/decisions/0008). A retry goes on with what the failed run saw.

    The views that dbt reads are made by a landing; a ledger without them is of an earlier version. -#}
{% macro see_what_has_landed() -%}
    {{ return(adapter.dispatch("see_what_has_landed", "olist_warehouse")()) }}
{%- endmacro %}

{% macro default__see_what_has_landed() -%}
{%- endmacro %}

{% macro postgres__see_what_has_landed() -%}
    {%- if execute and flags.WHICH != "retry" -%}
        {%- set found = run_query(
            "select to_regclass('raw._batches') is not null, to_regproc('raw._see') is not null"
        ).rows[0] -%}
        {%- if found[1] -%}
            select raw._see()
        {%- elif found[0] -%}
            {%- do exceptions.raise_compiler_error(
                "Schema raw was made by an earlier version: land any file once ('olist land')."
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
