{#- Snapshots where tables cannot be changed row by row: dbt's own says what has changed, and the table
    is written anew with it. The old one stays until the new one is whole, as history is the one thing
    that cannot be built again; a run that was killed between the two renames is mended by the next. -#}
{% materialization snapshot, adapter="spark" %}

    {%- set target_relation = this.incorporate(type="table") -%}
    {%- set old = target_relation.incorporate(path={"identifier": this.identifier ~ "__dbt_old"}) -%}
    {%- set new = target_relation.incorporate(path={"identifier": this.identifier ~ "__dbt_new"}) -%}
    {%- if load_relation(this) is none and load_relation(old) is not none -%}
        {%- do adapter.rename_relation(old, target_relation) -%}
    {%- endif -%}
    {%- set existing = load_relation(this) -%}
    {%- set strategy = strategy_dispatch(config.get("strategy"))(
        model, "snapshotted_data", "source_data", model.config, existing is not none
    ) -%}

    {{ run_hooks(pre_hooks) }}
    {%- if existing is none -%}
        {%- call statement("main") -%}
            {{ create_table_as(False, target_relation, build_snapshot_table(strategy, model.compiled_code)) }}
        {%- endcall -%}
    {%- else -%}
        {%- do adapter.drop_relation(old) -%}
        {%- do adapter.drop_relation(new) -%}
        {%- call statement("main") -%}
            {{ create_table_as(False, new, history_after(strategy, target_relation)) }}
        {%- endcall -%}
        {%- do adapter.rename_relation(target_relation, old) -%}
        {%- do adapter.rename_relation(new, target_relation) -%}
        {%- do adapter.drop_relation(old) -%}
    {%- endif -%}
    {%- do persist_docs(target_relation, model) -%}
    {{ run_hooks(post_hooks) }}

    {{ return({"relations": [target_relation]}) }}

{% endmaterialization %}


{#- The versions of a snapshot after this run: those it has, ended where they changed, and new ones.

    strategy: what dbt makes of the snapshot's config; relation: the snapshot as it is -#}
{% macro history_after(strategy, relation) -%}
    {%- set known = adapter.get_columns_in_relation(relation) | map(attribute="name") | list -%}
    {%- set stamps = ["dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to"] -%}
    {%- set columns = get_columns_in_query(model.compiled_code) + stamps -%}
    with changes as (
        {{ snapshot_staging_table(strategy, model.compiled_code, relation) }}
    )
    select
        {%- for name in columns %}
        {% if name == "dbt_valid_to" -%}
        coalesce(known.dbt_valid_to, changes.dbt_valid_to) as dbt_valid_to
        {%- else -%}
        {{ "known." ~ name if name in known else "null" }} as {{ name }}
        {%- endif %}{{ "," if not loop.last }}
        {%- endfor %}
    from {{ relation }} as known
    left join changes
        on known.dbt_scd_id = changes.dbt_scd_id and changes.dbt_change_type = 'update'
    union all
    select {{ columns | join(", ") }} from changes where dbt_change_type = 'insert'
{%- endmacro %}
