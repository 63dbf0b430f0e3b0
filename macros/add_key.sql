{#- Post-hook of a mart, in the transaction that makes it: the unique index on its key becomes its
    primary key, which reads no row. Nobody reads the table yet, so nobody waits. The table that it
    replaces still has a key of that name, and gives it up. -#}
{% macro add_primary_key() -%}
    {%- if execute and target.type == "postgres" and model.config.meta.primary_key %}
    {%- set key = model.name ~ "_pkey" %}
    do $do$
    declare
        replaced regclass := to_regclass('{{ this.schema }}.{{ this.name }}__dbt_backup');
        key_index name := (
            select index_class.relname
            from pg_index
            inner join pg_class as index_class
                on pg_index.indexrelid = index_class.oid
            where
                pg_index.indrelid = '{{ this }}'::regclass
                and pg_index.indisunique
                and not pg_index.indisprimary
                and pg_get_indexdef(pg_index.indexrelid) like '%({{ model.config.meta.primary_key }})'
            limit 1
        );
    begin
        if key_index is null then
            return;
        end if;
        if exists (select from pg_constraint where conrelid = replaced and conname = '{{ key }}') then
            execute format('alter table %s rename constraint {{ key }} to {{ key }}_replaced', replaced);
        end if;
        execute format(
            'alter table {{ this }} add constraint {{ key }} primary key using index %I', key_index
        );
    end
    $do$;
    {%- endif -%}
{%- endmacro %}


{#- SQL that adds a foreign key and checks the rows; neither stops a reader. One that rows break stays
    `not valid`.

    mart: node of the model; arguments: those of its relationships test; parent: node of the other -#}
{% macro add_foreign_key(mart, arguments, parent) -%}
    {%- set relation = mart.schema ~ "." ~ mart.name %}
    {%- set name = mart.name ~ "_" ~ arguments.column_name ~ "_fkey" %}
    do $do$
    begin
        if
            to_regclass('{{ relation }}') is null
            or to_regclass('{{ parent.schema }}.{{ parent.name }}') is null
            or exists (
                select from pg_constraint
                where conrelid = to_regclass('{{ relation }}') and conname = '{{ name }}'
            )
        then
            return;
        end if;
        alter table {{ relation }} add constraint {{ name }}
            foreign key ({{ arguments.column_name }})
            references {{ parent.schema }}.{{ parent.name }} ({{ arguments.field }}) not valid;
        begin
            alter table {{ relation }} validate constraint {{ name }};
        exception when foreign_key_violation then
            null;
        end;
    end
    $do$;
{%- endmacro %}
