{#- Overrides dbt's materialization of views on PostgreSQL, which makes a new view, swaps it for the old one
    and drops that, with all views on it: those were missing until their own turn, or for ever where only
    some models were selected. Here a view is replaced in place; one whose columns have changed is dropped
    first, with the views on it, which a build makes again. -#}
{% materialization view, adapter="postgres" %}
    {%- set relation = this.incorporate(type="view") -%}
    {%- set existing = load_cached_relation(this) -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if existing is not none and not existing.is_view -%}
        {%- do adapter.drop_relation(existing) -%}
    {%- endif -%}
    {%- set query = without_limits(sql) -%}
    {%- do get_assert_columns_equivalent(query) if config.get("contract").enforced -%}
    {%- call statement("main") %}
    do $do$
    begin
        -- Two builds of one target may both find that it is not there.
        perform pg_advisory_xact_lock(hashtext('{{ relation }}'));
        create or replace view {{ relation }} as (
            {{ query }}
        );
    exception when invalid_table_definition then
        drop view {{ relation }} cascade;
        create view {{ relation }} as (
            {{ query }}
        );
    end
    $do$
    {%- endcall -%}
    {%- do apply_grants(relation, config.get("grants"), should_revoke=existing is not none) -%}
    {%- do persist_docs(relation, model) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({"relations": [relation]}) }}
{% endmaterialization %}


{#- A query under --empty, where dbt makes each relation that it reads an empty subquery: as it would be without,
    because the view is there for others too.

    sql: as dbt compiled it -#}
{% macro without_limits(sql) -%}
    {{ return(modules.re.sub("[(]select [*] from ([^ ]+) where false limit 0[)] _dbt_limit_subq_[a-z0-9_]+", "\\1", sql)) }}
{%- endmacro %}


{#- Overrides dbt's materialization of `dbt clone`, which would replace a relation by a view on itself where the
    state is that of the same target (--full-refresh drops it for that). -#}
{% materialization clone, default %}
    {%- if defer_relation | string == this | string -%}
        {%- do log(this ~ " is what it would be cloned from: kept", info=true) -%}
        {{ return({"relations": []}) }}
    {%- endif -%}
    {{ return(dbt.materialization_clone_default()) }}
{% endmaterialization %}
