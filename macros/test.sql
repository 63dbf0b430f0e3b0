{#- Overrides dbt's materialization of data tests (docs/decisions/0012). The rows that broke a rule are
    still kept, in a table of the test's name in schema audit, but a test that holds makes no empty one;
    and a build does not ask again what held for the same data. -#}
{% materialization test, default %}
    {%- set scope = scope_of_test() -%}
    {%- set kept_before = load_cached_relation(this) if should_store_failures() -%}
    {%- if scope == "nothing" and not kept_before -%}
        {%- set passed = model.answer.select(["failures", "should_warn", "should_error"]) -%}
        {%- do store_raw_result("main", still_holds(), "", none, passed) -%}
        {{ return({"relations": []}) }}
    {%- endif -%}
    {%- set whole = without_scope(sql) -%}
    {%- set query = sql if scope == "changed" else whole -%}
    {#- Under --empty dbt gives each relation an alias, one too many where the test gives it another. -#}
    {%- set query = modules.re.sub("[)] _dbt_limit_subq_[a-z0-9_]+ as ", ") as ", query) -%}
    {%- set main_sql = get_limit_subquery_sql(query, 0 if flags.EMPTY else config.get("limit")) -%}
    {%- do run_query(find_rows_by_index()) if scope == "changed" and sql != whole -%}
    {%- call statement("main", fetch_result=True) -%}
        {{ get_test_sql(main_sql, config.get("fail_calc"), config.get("warn_if"), config.get("error_if"), limit=none) }}
    {%- endcall -%}
    {%- set failures = load_result("main")["data"][0][0] -%}
    {%- set relations = [] -%}
    {%- do adapter.drop_relation(kept_before) if kept_before -%}
    {%- if failures and should_store_failures() -%}
        {%- set kept = this.incorporate(type="table") -%}
        {%- call statement("keep_failures") -%}
            {{ create_table_as(False, kept, main_sql) }}
        {%- endcall -%}
        {%- do relations.append(kept) -%}
    {%- endif -%}
    {%- do record_passed_test() if not failures -%}
    {%- do adapter.commit() -%}
    {{ return({"relations": relations}) }}
{% endmaterialization %}


{#- What a data test has to ask: `nothing` where all that it reads is as it was when it last held, what has
    `changed` since, or `all`. Only a build looks: `dbt test` asks everything. -#}
{% macro scope_of_test() -%}
    {%- if target.type != "postgres" or flags.WHICH != "build" or flags.EMPTY -%}
        {{ return("all") }}
    {%- endif -%}
    {{ return(scope_by_inputs()) }}
{%- endmacro %}


{#- Notes the state of what a test reads, beside that of the tables (macros/watermark.sql). -#}
{% macro record_passed_test() -%}
    {%- if model.get("inputs") -%}
        {%- do run_query(move_watermark()) -%}
    {%- endif -%}
{%- endmacro %}
