{#- The results of data tests, in the target's table audit.test_results: a row per test and run. Runs write it
    as they end, from what dbt itself reports; reports.rpt_test_results shows the newest of each test. -#}


{#- That table. -#}
{% macro results_table() -%}
    {{ return(api.Relation.create(
        database=target.database or none, schema=generate_schema_name("audit", none) | trim, identifier="test_results", type="table"
    )) }}
{%- endmacro %}


{#- Statements of a run's beginning that make it where it is missing. -#}
{% macro create_test_results() %}
    {{ create_missing_schema(results_table().schema) }}
    create table if not exists {{ results_table() }} (
        test_name text,
        model_name text not null,  -- those that it reads, of a test of several
        severity text not null,
        status text not null check (status in ('pass', 'warn', 'fail', 'error', 'skipped')),
        failures bigint,
        message text,
        failed_rows_table text,
        ran_at timestamptz,
        asked_at timestamptz,  -- earlier, where it still holds or was skipped
        failing_since timestamptz,
        batch_id bigint,
        invocation_id text not null,
        primary key (test_name, ran_at)
    );
{%- endmacro %}


{#- on-run-end: adds the results of this run, and notes when models were last built. Results are kept for
    `test_results_days`, and as long as the project has the test. -#}
{% macro record_test_results(results) -%}
    {%- if execute and target.type == "postgres" and flags.WHICH in ("build", "run", "test") and not flags.EMPTY %}
    {%- set names, built = [], [] -%}
    {%- for node in graph.nodes.values() if node.resource_type == "test" and node.config.enabled -%}
        {%- do names.append(node.alias) -%}  {#- dbt keeps generic tests of disabled models -#}
    {%- endfor -%}
    {%- for result in results if result.node.resource_type == "model" and result.status != "skipped" -%}
        {%- do built.append(result) -%}
    {%- endfor %}
    do $do$
    declare
        moment timestamptz;
    begin
        if to_regclass('{{ results_table() }}') is null then
            return;  -- nothing was ever built
        end if;
        {{ wait_for_other_hooks() }}
        moment := clock_timestamp();
        {%- if built %}
        {{ note_build() }}
        {%- endif %}
        {{ insert_test_results(results) }}
        delete from {{ results_table() }}
        where
            ran_at < moment - interval '{{ var("test_results_days") }} days'
            or test_name not in ({{ literals(names) }});
    end
    $do$
    {%- endif -%}
{%- endmacro %}


{#- Statements of that block: when models were last built, and the newest batch and order that the facts have. -#}
{% macro note_build() %}
        {%- set facts, fct_orders = [], graph.nodes["model." ~ project_name ~ ".fct_orders"].relation_name -%}
        {%- for name in graph.nodes if name.startswith("model.") and ".fct_" in name -%}
            {%- do facts.append(graph.nodes[name].alias) -%}
        {%- endfor %}
        update {{ target_table("_pin") }} set
            built_at = moment,
            built_batch_id = coalesce((  -- null after --empty
                select min(marks.batch_id)
                from {{ target_table("_watermarks") }} as marks
                where marks.model in ({{ literals(facts) }})
            ), built_batch_id);
        if to_regclass('{{ fct_orders }}') is not null then
            update {{ target_table("_pin") }} set newest_order_at = (
                select max(purchased_at) from {{ fct_orders }}
                where
                    purchased_date_key = (select max(purchased_date_key) from {{ fct_orders }})  -- by index
                    and purchased_date_key > 0
            );
        end if;
{%- endmacro %}


{#- The insert of that block. What a test was before says since when it fails, and when it was last asked. -#}
{% macro insert_test_results(results) %}
        insert into {{ results_table() }}
        select
            new.test_name,
            new.model_name,
            new.severity,
            new.status,
            new.failures,
            new.message,
            new.failed_rows_table,
            moment as ran_at,
            case when new.is_asked then moment else old.asked_at end as asked_at,
            case
                when new.status in ('warn', 'fail', 'error') then coalesce(old.failing_since, moment)
                when new.status = 'skipped' then old.failing_since
            end as failing_since,
            pin.batch_id,
            '{{ invocation_id }}' as invocation_id
        from json_to_recordset({{ rows_of_results(results) }}) as new (
            test_name text,
            model_name text,
            severity text,
            status text,
            failures bigint,
            message text,
            failed_rows_table text,
            is_asked boolean
        )
        left join {{ target_table("_pin") }} as pin
            on true
        left join lateral (
            select * from {{ results_table() }} as results
            where results.test_name = new.test_name
            order by results.ran_at desc
            limit 1
        ) as old
            on true;
{%- endmacro %}


{#- Results of data tests as a literal of JSON: test, model, severity, status, failing rows, message, where these
    rows are, whether the data was asked. -#}
{% macro rows_of_results(results) -%}
    {%- set rows = [] -%}
    {%- for result in results if result.node.resource_type == "test" -%}
    {%- set node, models = result.node, [] -%}
    {%- for name in ([node.attached_node] if node.attached_node else node.depends_on.nodes) -%}
        {%- do models.append(name.split(".")[-1]) -%}
    {%- endfor -%}
    {%- set models = models | reject("in", ["stg_olist__pin", "stg_olist__batches", "int_order_changes"]) -%}  {#- which macros read -#}
    {%- set is_unasked = result.adapter_response.get("_message") == still_holds() -%}
    {%- do rows.append({
        "test_name": node.alias,
        "model_name": models | join(", ") or node.alias,
        "severity": node.config.severity | lower,
        "status": result.status | string,
        "failures": result.failures,
        "message": still_holds() if is_unasked else result.message,
        "failed_rows_table": node.schema ~ "." ~ node.alias if node.config.store_failures and result.failures else none,
        "is_asked": not is_unasked and result.status != "skipped",
    }) -%}
    {%- endfor -%}
    {{ json_literal(rows) }}
{%- endmacro %}


{#- What dbt reports of a data test that it did not ask again. -#}
{% macro still_holds() -%}
    {{ return("still holds: what it reads has not changed") }}
{%- endmacro %}
