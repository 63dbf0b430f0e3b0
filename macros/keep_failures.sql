{#- Overrides dbt's materialization of data tests: the rows that broke a rule are still kept, in a table
    of the test's name in schema audit, but a test that holds makes no empty one. It is one query
    instead of five statements (docs/decisions/0012). Under --empty no row breaks a rule; dbt gives
    each relation an alias then, which is one too many where the test gives it another. -#}
{% materialization test, default %}
    {%- set sql = modules.re.sub("[)] _dbt_limit_subq_[a-z0-9_]+ as ", ") as ", sql) -%}
    {%- set main_sql = get_limit_subquery_sql(sql, 0 if flags.EMPTY else config.get("limit")) -%}
    {%- call statement("main", fetch_result=True) -%}
        {{ get_test_sql(
            main_sql, config.get("fail_calc"), config.get("warn_if"), config.get("error_if"), limit=none
        ) }}
    {%- endcall -%}
    {%- set relations = [] -%}
    {%- if should_store_failures() -%}
        {%- set kept_before = load_cached_relation(this) -%}
        {%- if kept_before -%}
            {%- do adapter.drop_relation(kept_before) -%}
        {%- endif -%}
        {%- if load_result("main")["data"][0][0] -%}
            {%- set kept = this.incorporate(type="table") -%}
            {%- call statement("keep_failures") -%}
                {{ create_table_as(False, kept, main_sql) }}
            {%- endcall -%}
            {%- do relations.append(kept) -%}
        {%- endif -%}
        {%- do adapter.commit() -%}
    {%- endif -%}
    {{ return({"relations": relations}) }}
{% endmaterialization %}
