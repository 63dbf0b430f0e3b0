"""What a dbt run sees of ``raw``: the batches that had landed when it began, and no later one.

Each table has a view ``_<table>_seen``, which dbt reads, and a table ``_<table>_before``, in which
triggers keep the rows that a load overwrites or deletes until the next run begins
(docs/decisions/0008).
"""

from collections.abc import Sequence

from loaders.tables import ALL_TABLES, OPTIONAL, TABLES, Table

_STAMPS = ("_batch_id", "_loaded_at", "_source_file", "_deleted_at")

_COMMON = """
create table raw._seen (
    only_row boolean primary key default true check (only_row),
    batch_id bigint not null
);
comment on table raw._seen is 'The newest batch that had landed when the last dbt run began';

create view raw._batches_seen as
select * from raw._batches
where (batch_id > (select batch_id from raw._seen)) is not true;

-- Only a load keeps rows: it names its batch. What is mended by hand takes effect at once.
create function raw._keep_before() returns trigger language plpgsql as $$
declare
    batch bigint := nullif(current_setting('olist.batch', true), '');
begin
    if batch is not null then
        execute format(
            'insert into raw.%1$I (%2$s, _until_batch_id)'
            ' select %2$s, $1 from old_rows where _batch_id < $1',
            '_' || tg_table_name || '_before', tg_argv[0]
        ) using batch;
    end if;
    return null;
end
$$;
"""

_TABLE = """
create table raw._{name}_before (
    {definitions},
    _batch_id bigint not null, _loaded_at timestamptz not null,
    _source_file text not null, _deleted_at timestamptz, _until_batch_id bigint not null
);
comment on table raw._{name}_before is
    'Rows of {name} as they were before batch _until_batch_id, for a dbt run that began before it';
create trigger keep_updated after update on raw.{name} referencing old table as old_rows
for each statement execute function raw._keep_before('{columns}');
create trigger keep_deleted after delete on raw.{name} referencing old table as old_rows
for each statement execute function raw._keep_before('{columns}');
"""

# One condition over both tables, not one in each: PostgreSQL then reads the tables themselves, and
# takes no row through a subquery. What is in the table itself holds until no batch.
_VIEW = """
create or replace view raw._{name}_seen as
select {columns}
from (
    select {columns}, cast(null as bigint) as _until_batch_id from raw.{name}
    union all
    select {columns}, _until_batch_id from raw._{name}_before
) as versions
where
    (_batch_id > (select batch_id from raw._seen where only_row)) is not true
    and (
        _until_batch_id
        <= coalesce((select batch_id from raw._seen where only_row), 9223372036854775807)
    ) is not true;
"""

# Fill makes a key too; this one is for a table whose first rows come when dbt has run.
_KEY = """
do $$
begin
    if not exists (
        select from pg_constraint where conrelid = 'raw.{name}'::regclass and contype = 'p'
    ) then
        alter table raw.{name} add constraint {name}_pkey primary key ({key});
    end if;
end
$$;
"""

# `_see` is called by dbt's on-run-start, whose role may write nothing else in raw. A batch number
# that has gone down is another ledger's: raw was made anew.
_FUNCTIONS = """
create or replace function raw._forget() returns void language plpgsql as $$
declare
    seen bigint := coalesce(
        (select batch_id from raw._seen),
        (select max(batch_id) from raw._batches where status = 'landed')
    );
begin{forget}
end
$$;
comment on function raw._forget is 'Delete the rows kept for dbt runs that are over';

create or replace function raw._see() returns void language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
declare
    newest bigint := coalesce(
        (select max(batch_id) from raw._batches where status = 'landed'), 0
    );
begin
    if newest < (select batch_id from raw._seen) then{empty}
    end if;
    insert into raw._seen (batch_id) values (newest)
    on conflict (only_row) do update set batch_id = excluded.batch_id;
    perform raw._forget();
end
$$;
comment on function raw._see is 'A dbt run begins: it sees what has landed by now';
"""

_FORGET = "\n    delete from raw._{}_before where _until_batch_id <= seen;"
_EMPTY = "\n        delete from raw._{}_before;"


def statements() -> str:
    """SQL that makes all of it, for a schema ``raw`` that has its nine tables."""
    return _COMMON + "".join(map(_of_table, TABLES)) + views(TABLES) + _functions(TABLES)


def optional_tables() -> str:
    """SQL that makes all of it for the optional tables too, beside what ``statements`` has made."""
    return "".join(map(_of_table, OPTIONAL)) + views(OPTIONAL) + _functions(ALL_TABLES)


def views(tables: Sequence[Table] = TABLES) -> str:
    """SQL that makes the views, or makes them anew where an earlier version of the project did."""
    return "".join(
        _VIEW.format(name=table.name, columns=", ".join((*table.columns, *_STAMPS)))
        for table in tables
    )


def _functions(tables: Sequence[Table]) -> str:
    names = [table.name for table in tables]
    return _FUNCTIONS.format(
        forget="".join(map(_FORGET.format, names)), empty="".join(map(_EMPTY.format, names))
    )


def _of_table(table: Table) -> str:
    made = _TABLE.format(
        name=table.name,
        columns=", ".join((*table.columns, *_STAMPS)),
        definitions=", ".join(f"{name} text" for name in table.columns),
    )
    if not table.key:
        return made
    indexes = [f"create index on raw._{table.name}_before ({table.key[0]});"]
    for name in table.lookups:
        indexes.append(f"create index on raw._{table.name}_before ({name});")
    for index, name in table.indexes.items():
        indexes.append(f"create index if not exists {index} on raw.{table.name} ({name});")
    return made + _KEY.format(name=table.name, key=", ".join(table.key)) + "\n".join(indexes)
