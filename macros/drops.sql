{#- dbt's own, for PostgreSQL, but one at a time. What is dropped takes the views on it along, and two
    threads of a run that drop two parents of one view each wait for the other: a deadlock. -#}
{% macro postgres__drop_view(relation) -%}
    {{ one_drop_at_a_time() }}
    drop view if exists {{ relation }} cascade
{%- endmacro %}


{% macro postgres__drop_table(relation) -%}
    {{ one_drop_at_a_time() }}
    drop table if exists {{ relation }} cascade
{%- endmacro %}


{#- Waits for the drop of another connection to this database, until the transaction ends. -#}
{% macro one_drop_at_a_time() -%}
    select pg_advisory_xact_lock(hashtext('dbt drops with cascade'));
{%- endmacro %}
