{#- A block that takes tables from their readers for a moment. What waits for such a lock makes every
    later reader wait behind it, and the more tables it holds, the likelier a deadlock. So it waits
    for 50 ms a table at most, then lets go of all and tries again; after a minute it insists.

    caller: statements of PL/pgSQL, which may use the record `foreign_key` -#}
{% macro patiently() %}
    do $do$
    declare
        began timestamptz := clock_timestamp();
        usual text := current_setting('lock_timeout');
        foreign_key record;
    begin
        loop
            begin
                perform set_config(
                    'lock_timeout',
                    case when clock_timestamp() < began + interval '1 minute' then '50ms' else usual end,
                    true
                );
                {{ caller() }}
                exit;
            exception when lock_not_available then
                perform pg_sleep(0.05 + random() / 10);
            end;
        end loop;
        perform set_config('lock_timeout', usual, true);
    end
    $do$;
{% endmacro %}


{#- dbt's own, for PostgreSQL, but patient: by two of these it puts a new table in the place of the old
    one, in one transaction. -#}
{% macro postgres__rename_relation(from_relation, to_relation) -%}
    {%- call statement("rename_relation") %}
    {%- call patiently() %}
        alter table {{ from_relation }} rename to {{ adapter.quote(to_relation.identifier) }};
    {%- endcall %}
    {%- endcall -%}
{%- endmacro %}
