{#- SQL that makes the unique index on a mart's key its primary key, which reads no row.

    mart: node of the model; column: its key -#}
{% macro add_primary_key(mart, column) -%}
    {%- set relation = mart.schema ~ "." ~ mart.name %}
    do $do$
    declare
        key_index name := (
            select index_class.relname
            from pg_index
            inner join pg_class as index_class
                on pg_index.indexrelid = index_class.oid
            where
                pg_index.indrelid = to_regclass('{{ relation }}')
                and pg_index.indisunique
                and not pg_index.indisprimary
                and pg_get_indexdef(pg_index.indexrelid) like '%({{ column }})'
            limit 1
        );
    begin
        if key_index is not null then
            execute format(
                'alter table {{ relation }}'
                ' add constraint {{ mart.name }}_pkey primary key using index %I',
                key_index
            );
        end if;
    end
    $do$;
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
