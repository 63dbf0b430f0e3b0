{#- Foreign keys of schema marts as constraints of the database, so that a tool that reads its catalogue
    draws the star. dbt swaps a dimension for its new table, and a foreign key goes with the old one:
    they are dropped when a run starts, because a fact may be rebuilt before the dimension that its
    new keys point at, and made when it ends (docs/decisions/0005).

    A foreign key is a relationships test between two marts whose severity is error. -#}


{#- on-run-start. It takes the tables from their readers, all of them, or, after a moment, none. -#}
{% macro drop_foreign_keys() -%}
    {%- if makes_keys() %}
    {%- call patiently() %}
        for foreign_key in
            select conrelid::regclass as mart, conname as name
            from pg_constraint
            where contype = 'f' and connamespace = to_regnamespace('marts')
        loop
            execute format('alter table %s drop constraint %I', foreign_key.mart, foreign_key.name);
        end loop;
    {%- endcall %}
    {%- endif -%}
{%- endmacro %}


{#- on-run-end: the foreign keys that are not there. -#}
{% macro create_foreign_keys() -%}
    {%- if makes_keys() -%}
    {%- for test in graph.nodes.values() if is_foreign_key(test) %}
        {%- set mart = graph.nodes[test.attached_node] %}
        {%- set others = test.depends_on.nodes | reject("equalto", test.attached_node) %}
    {{ add_foreign_key(mart, test.test_metadata.kwargs, graph.nodes[others | first]) }}
    {%- endfor %}
    {%- endif -%}
{%- endmacro %}


{#- on-run-end, after create_foreign_keys: a foreign key that the rows break is `not valid`. -#}
{% macro warn_of_broken_keys() -%}
    {%- if makes_keys() -%}
    {%- set broken = run_query(
        "select conname from pg_constraint where connamespace = to_regnamespace('marts')"
        ~ " and not convalidated order by conname"
    ).columns[0].values() -%}
    {%- if broken -%}
        {%- do exceptions.warn(
            "Rows of marts point at members that do not exist: " ~ broken | join(", ")
            ~ ". A fact was built without its dimension; 'dbt build' makes both."
        ) -%}
    {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{#- Whether this command changes marts, in a database that keeps keys. -#}
{% macro makes_keys() -%}
    {{ return(execute and target.type == "postgres" and flags.WHICH in ("build", "run", "retry")) }}
{%- endmacro %}


{#- Whether a node is a test that a column of one mart is the key of another, without exception. -#}
{% macro is_foreign_key(node) -%}
    {%- set is_relationship = node.get("test_metadata", {}).get("name") == "relationships" -%}
    {%- set marts = [] -%}
    {%- for name in node.depends_on.nodes if is_relationship and name in graph.nodes -%}
        {%- do marts.append(name) if graph.nodes[name].schema == "marts" -%}
    {%- endfor -%}
    {{ return(marts | length == 2 and node.config.severity | lower == "error") }}
{%- endmacro %}
