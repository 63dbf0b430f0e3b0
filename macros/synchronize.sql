{#- Incremental strategy `synchronize`: brings a table in place to what its model says now. Rows that are
    gone are deleted, rows that differ updated, new ones inserted; equal rows are not written. Readers
    see the old state or the new one, and views, grants and keys stay (docs/decisions/0005).

    The key is the model's `unique_key`. The scope is its `incremental_predicates`: which rows of the
    table the run has made again, by its columns; without any, all of them. -#}
{% macro get_incremental_synchronize_sql(arg_dict) -%}
    {%- set table, new_rows = arg_dict["target_relation"], arg_dict["temp_relation"] -%}
    {%- set key = arg_dict["unique_key"] -%}
    {%- set columns = arg_dict["dest_columns"] | map(attribute="name") | list -%}
    {%- set others = columns | reject("equalto", key) | list -%}
    {%- set scope = [] -%}
    {%- for predicate in arg_dict["incremental_predicates"] or [] if model.scope == "changed" -%}
        {%- do scope.append(render(predicate)) -%}
    {%- endfor -%}
    {%- do stop_if_columns_differ(table, arg_dict["dest_columns"]) if model.scope == "all" %}
    create temporary table difference on commit drop as
    select
        old.ctid as old_row,
        new.{{ key }} is null as is_deleted,
        new.*
    from (select ctid, * from {{ table }} where {{ scope | join(" and ") or "true" }}) as old
    full join {{ new_rows }} as new
        on old.{{ key }} = new.{{ key }}
    where
        old.{{ key }} is null
        or new.{{ key }} is null
        or (old.{{ others | join(", old.") }}) is distinct from (new.{{ others | join(", new.") }});

    delete from {{ table }}
    where ctid = any(array(select old_row from difference where is_deleted));

    -- by row, not only by the join: no scan of the table
    update {{ table }} as old
    set {% for column in others %}{{ column }} = new.{{ column }}{{ ", " if not loop.last }}{% endfor %}
    from difference as new
    where
        old.ctid = new.old_row
        and old.ctid = any(array(select old_row from difference where not is_deleted and old_row is not null));

    insert into {{ table }} ({{ columns | join(", ") }})
    select {{ columns | join(", ") }}
    from difference
    where old_row is null
{%- endmacro %}


{#- One clear error where a column of the table is no longer one of the model, or is of another type.

    table: the relation; columns: those that the model has now -#}
{% macro stop_if_columns_differ(table, columns) -%}
    {%- set changed, types = [], {} -%}
    {%- for column in columns -%}{%- do types.update({column.name: column.data_type}) -%}{%- endfor -%}
    {%- for column in adapter.get_columns_in_relation(table) -%}
        {%- if column.name not in types -%}
            {%- do changed.append(column.name ~ ", which its model does not have (any more, or because somebody added it by hand)") -%}
        {%- elif types[column.name] not in (column.data_type, column.data_type.split("(")[0]) -%}
            {%- do changed.append(column.name ~ " as " ~ column.data_type ~ ", which its model has as " ~ types[column.name]) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if changed -%}
        {%- set views = [] -%}  {#- which are made again, with all that they read -#}
        {%- for node in graph.nodes.values() if node.config.materialized == "view" and model.unique_id in node.depends_on.nodes -%}
            {%- do views.append(node) -%}
        {%- endfor -%}
        {%- do exceptions.raise_compiler_error(
            table.identifier ~ " has " ~ changed | join("; ") ~ ": run '.venv/bin/dbt build --full-refresh --select "
            ~ ("@" if views else "") ~ table.identifier ~ "'."
        ) -%}
    {%- endif -%}
{%- endmacro %}


{#- One clear error where a full refresh of a table would drop views on it that this run does not make again. -#}
{% macro stop_if_views_would_go() -%}
    {%- set made_again = [] -%}
    {%- for name in selected_resources if name in graph.nodes and graph.nodes[name].relation_name -%}
        {%- do made_again.append(graph.nodes[name].relation_name) -%}
    {%- endfor -%}
    {#- by name as of the query's snapshot: other threads rename and drop views meanwhile, and dbt's backup
        of a view goes a moment after the view is made again -#}
    {%- set views = run_query(
        "with recursive readers as ("
        ~ " select to_regclass('" ~ this ~ "')::oid as relation"
        ~ " union select pg_rewrite.ev_class from readers"
        ~ " inner join pg_depend on refobjid = relation and classid = 'pg_rewrite'::regclass"
        ~ " inner join pg_rewrite on pg_rewrite.oid = objid)"
        ~ " select nspname || '.' || relname as name from readers"
        ~ " inner join pg_class on pg_class.oid = relation"
        ~ " inner join pg_namespace on pg_namespace.oid = relnamespace"
        ~ " where relation <> to_regclass('" ~ this ~ "')"
        ~ " and concat('\"', current_database(), '\".\"', nspname, '\".\"',"
        ~ " regexp_replace(relname, '__dbt_backup$', ''), '\"')"
        ~ " <> all(array[" ~ literals(made_again) ~ "]::text[]) order by 1"
    ).columns["name"].values() -%}
    {%- if views -%}
        {%- set ours = [] -%}
        {%- for node in graph.nodes.values() if node.schema ~ "." ~ node.alias in views -%}
            {%- do ours.append(node.alias) -%}
        {%- endfor -%}
        {%- set remedies = ["select what the project makes too (@" ~ this.identifier ~ ")"] if ours else [] -%}
        {%- if ours | length < views | length -%}
            {%- do remedies.append("allow it with --vars 'drop_views: true' and then make your own again") -%}
        {%- endif -%}
        {%- do exceptions.raise_compiler_error(
            "--full-refresh of " ~ this.identifier ~ " would drop " ~ views | join(", ") ~ ": "
            ~ remedies | join(", ") ~ "."
        ) -%}
    {%- endif -%}
{%- endmacro %}


{#- dbt's own materialization of incremental models, after a look at what is in scope: where nothing is new,
    that is all.

    One snapshot for all its statements, and no other run writes the table: the pin may move between two of
    them where another run of the target begins, or is another target's (--defer). -#}
{% materialization incremental, adapter="postgres" %}
    {%- do stop_if_views_would_go() if flags.FULL_REFRESH and not var("drop_views", false) -%}
    {%- set begin -%}
    commit;  -- a level is set before any query
    begin isolation level repeatable read;
    {%- if is_incremental() %}
    lock table {{ this }} in share row exclusive mode;
    {%- elif load_cached_relation(this).is_table %}
    -- Readers go on. An autovacuum that waits for the indexes' new names would be a deadlock.
    lock table {{ this }} in share update exclusive mode;
    {%- endif -%}
    {%- endset -%}
    {%- set scope = scope_of_run(begin) -%}
    {%- if scope == "nothing" and not model.is_new -%}
        {%- if not flags.EMPTY and model.answer.rows[0]["is_at_pin"] -%}
            {%- do store_raw_result("main", "nothing new", "", 0) -%}  {#- the lock goes with the connection -#}
        {%- else -%}
            {%- call statement("main") -%}{{ move_watermark() }}{%- endcall -%}
            {%- do adapter.commit() -%}
        {%- endif -%}
        {{ return({"relations": [this]}) }}
    {%- endif -%}
    {#- What is compiled is about changed rows; all are made where the model or a view below it is another. -#}
    {%- do run_query(find_rows_by_index()) if scope == "changed" else context.update({"sql": without_scope(sql)}) -%}
    {{ return(dbt.materialization_incremental_default()) }}
{% endmaterialization %}


{#- Settings of a transaction with which plans are right for one order as for the hundred thousand of a new
    export: rows are found by index and joined by hash. The planner knows neither how many rows are newer
    than a watermark nor how long an array of ids is (it takes ten). -#}
{% macro find_rows_by_index() -%}
    set local enable_seqscan = off;
    set local enable_nestloop = off;
    set local jit = off;
{%- endmacro %}


{#- Post-hook, last in the transaction: a new table gets its primary key and its readers; then what the
    table was made from is noted. -#}
{% macro after_synchronize() -%}
    {%- if execute and config.get("materialized") == "incremental" -%}
    {%- if model.is_new %}
    {%- set key = this.identifier ~ "_pkey" %}
    alter index if exists {{ this.include(identifier=false) }}.{{ key }} rename to {{ key }}_of_backup;
    alter table {{ this }} add constraint {{ key }} primary key ({{ config.get("unique_key") }});
    {{ rename_constraints() }}
    {{ grant_to_reader(this) }}
    {%- elif model.scope == "all" %}
    {{ set_not_null() }}
    {%- endif %}
    {{ move_watermark() }}
    {%- endif -%}
{%- endmacro %}


{#- Columns that dbt has added to a table since it was made are nullable: those that the contract says are not
    get their constraint. -#}
{% macro set_not_null() -%}
    {%- set names = [] -%}
    {%- for name, column in model.columns.items() -%}
        {%- do names.append(name) if column.constraints | selectattr("type", "equalto", "not_null") | list -%}
    {%- endfor -%}
    {%- set nullable = run_query(
        "select attname from pg_attribute where attrelid = '" ~ this ~ "'::regclass and not attnotnull"
        ~ " and attname in (" ~ literals(names) ~ ")"
    ).columns[0].values() -%}
    {%- for name in nullable %}
    alter table {{ this }} alter column {{ name }} set not null;
    {%- endfor -%}
{%- endmacro %}


{#- Constraints of a table that --full-refresh made under another name, after the name that it has now. -#}
{% macro rename_constraints() -%}
    do $do$
    declare
        named record;
    begin
        for named in
            select conname as was, left('{{ this.identifier }}_' || attname, 54) || '_not_null' as is
            from pg_constraint
            inner join pg_attribute on attrelid = conrelid and attnum = any(conkey)
            where conrelid = '{{ this }}'::regclass and conname like '%\_\_dbt\_%' and contype = 'n'
        loop
            execute format('alter table {{ this }} rename constraint %I to %I', named.was, named.is);
        end loop;
    end
    $do$;
{%- endmacro %}


{#- Overrides dbt's macro, which names an index by a hash. The table that a new one replaces has an index of
    this name: it gets another one, and goes with its table. -#}
{% macro postgres__get_create_index_sql(relation, index_dict) -%}
    {%- set index = adapter.parse_index(index_dict) -%}
    {%- set name = this.identifier ~ "_" ~ index.columns | join("_") ~ "_idx" -%}
    alter index if exists {{ relation.include(identifier=false) }}.{{ name }} rename to {{ name }}_of_backup;
    create index {{ name }} on {{ relation }} using {{ index.type or "btree" }} ({{ index.columns | join(", ") }})
{%- endmacro %}


{#- Lets the reader's role select from a new table, where there is the role and it may enter the schema
    (docs/roles.md): `olist roles` gives it what is there already.

    relation: the table -#}
{% macro grant_to_reader(relation) -%}
    {%- set reader = env_var("OLIST_READER_ROLE", "olist_reader") %}
    do $do$
    begin
        -- by its number: null where there is no such role
        if has_schema_privilege(
            to_regrole(quote_ident({{ dbt.string_literal(reader) }}))::oid,
            {{ dbt.string_literal(relation.schema) }},
            'usage'
        ) then
            grant select, references on {{ relation }} to {{ adapter.quote(reader) }};
        end if;
    end
    $do$;
{%- endmacro %}
