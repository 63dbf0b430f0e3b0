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
    {%- call statement("main") %}
    do $do$
    begin
        create or replace view {{ relation }} as (
            {{ sql }}
        );
    exception when invalid_table_definition then
        drop view {{ relation }} cascade;
        create view {{ relation }} as (
            {{ sql }}
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
