"""Schema ``raw``: the ledger and the raw tables, made at the first landing."""

from collections.abc import Sequence

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loaders.land import seen
from loaders.tables import OPTIONAL, TABLES, Table

# The loader owns the schema and may make none, not even one that exists.
_LEDGER = """
do $$ begin if to_regnamespace('raw') is null then create schema raw; end if; end $$;

create table if not exists raw._batches (
    batch_id bigint primary key,
    source text not null,
    mode text not null,
    status text not null check (status in ('landed', 'unchanged', 'failed')),
    started_at timestamptz not null,
    finished_at timestamptz not null,
    seconds numeric(12, 3) not null,
    rows_read bigint not null default 0,
    rows_new bigint not null default 0,
    rows_changed bigint not null default 0,
    rows_removed bigint not null default 0,
    rows_rejected bigint not null default 0,
    error text
);
comment on table raw._batches is 'One row per load, whether it landed, found nothing new or failed';

create table if not exists raw._files (
    batch_id bigint not null references raw._batches deferrable initially deferred,
    table_name text not null,
    file_name text not null,
    checksum text not null,
    bytes bigint not null,
    mode text not null,
    status text not null check (status in ('landed', 'unchanged')),
    rows_read bigint not null default 0,
    rows_new bigint not null default 0,
    rows_changed bigint not null default 0,
    rows_removed bigint not null default 0,
    rows_rejected bigint not null default 0,
    seconds numeric(12, 3) not null,
    primary key (batch_id, table_name)
);
comment on table raw._files is 'One row per file of a load; checksum is the SHA-256 of its content';

create table if not exists raw._rejected_rows (
    batch_id bigint not null references raw._batches deferrable initially deferred,
    table_name text not null,
    file_name text not null,
    line_number bigint not null,
    reason text not null,
    raw_text text
);
comment on table raw._rejected_rows is 'One row per line of a file that could not be landed';
"""

_REJECTS = """
alter table raw._files add column encoding text not null default 'utf-8';
alter table raw._rejected_rows
    add column reject_id bigint generated always as identity primary key,
    add column raw_bytes bytea,
    add column header text,
    add column encoding text not null default 'utf-8',
    add column landed_by bigint references raw._batches deferrable initially deferred,
    add column superseded_by bigint references raw._batches deferrable initially deferred;
create index _rejected_rows_open_idx on raw._rejected_rows (table_name)
    where landed_by is null and superseded_by is null;
comment on column raw._rejected_rows.raw_bytes is
    'The row as it was, where that is no text: raw_text then shows the bytes as \\x..';
comment on column raw._rejected_rows.header is 'First line of the file';
comment on column raw._rejected_rows.landed_by is 'Batch in which olist rejects --retry landed it';
comment on column raw._rejected_rows.superseded_by is
    'Batch that made it old: it rejected the same row again, or landed a newer one of its key';
"""

_RULES = """
alter table raw._batches add column if not exists rules jsonb;
comment on column raw._batches.rules is 'What the user allowed the load; a replay repeats it so';
create or replace view raw._batches_seen as
select * from raw._batches
where (batch_id > (select batch_id from raw._seen)) is not true;
"""


# A load is noted when it begins, so that one that was killed leaves a trace.
_STARTED = """
alter table raw._batches drop constraint _batches_status_check;
alter table raw._batches add constraint _batches_status_check
    check (status in ('started', 'landed', 'unchanged', 'failed', 'crashed'));
alter table raw._batches alter finished_at drop not null, alter seconds drop not null;
comment on table raw._batches is 'One row per load, whatever became of it';
"""

_WATERMARKS = """
create table if not exists raw._watermarks (
    source text not null,
    table_name text not null,
    column_name text not null,
    watermark text not null,
    read_from text not null,
    batch_id bigint not null references raw._batches deferrable initially deferred,
    noted_at timestamptz not null default now(),
    primary key (source, table_name)
);
comment on table raw._watermarks is
    'One row per table of a source database: how far it was read, from where the next load reads';
"""

# What a superuser adds to a ledger of the loader (docs/roles.md) is the loader's, with the rights
# that others have to the loader's tables.
_AS_OWNER = """
select set_config('role', rolname, true)
from pg_roles
where
    oid = (select proowner from pg_proc where oid = to_regprocedure('raw._see()'))
    and rolname <> current_user
"""

# The ledger as it was first, then what each later version of the project adds to it.
_VERSIONS = (
    _LEDGER,
    _STARTED,
    seen.statements(),
    _REJECTS,
    _RULES,
    _WATERMARKS,
    seen.views(),
    seen.optional_tables(),
)
LEDGER_VERSION = len(_VERSIONS)
_WITH_OPTIONAL = 7  # the version before it has none


def ensure_schema(cursor: Cursor) -> None:
    """Create schema ``raw``, its ledger and its tables where they do not exist.

    All are made at the first landing, also when only some have a file, so that dbt finds every
    source; the rest stay empty. A ledger that an earlier version of the project made is brought up
    to date.
    """
    version = _version(cursor)
    if version == LEDGER_VERSION:
        return
    cursor.execute(_AS_OWNER)
    for number, statements in enumerate(_VERSIONS[version:], version):
        if number == _WITH_OPTIONAL:
            _create_tables(cursor, OPTIONAL)
        cursor.execute(statements)
        if not number:
            _create_tables(cursor, TABLES)
    cursor.execute("select set_config('role', 'none', true)")
    cursor.execute(
        "comment on schema raw is %s",
        (f"What was landed, as it was delivered; ledger version {LEDGER_VERSION}",),
    )


def _version(cursor: Cursor) -> int:
    """Version of the ledger; 0 where there is none, 1 where nobody noted it yet."""
    cursor.execute(
        "select case when to_regclass('raw._rejected_rows') is null then 0 else coalesce("
        r"substring(obj_description(to_regnamespace('raw'), 'pg_namespace') from '\d+$')::int, 1)"
        " end"
    )
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def _create_tables(cursor: Cursor, tables: Sequence[Table]) -> None:
    for table in tables:
        columns = [sql.SQL("{} text").format(sql.Identifier(name)) for name in table.columns]
        cursor.execute(
            sql.SQL(
                "create table if not exists {} ({},"
                " _batch_id bigint not null, _loaded_at timestamptz not null,"
                " _source_file text not null, _deleted_at timestamptz)"
            ).format(sql.Identifier("raw", table.name), sql.SQL(", ").join(columns))
        )
