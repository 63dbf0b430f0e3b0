"""Schema ``raw`` in a DuckDB file: the raw tables, the ledger, and what dbt reads of them.

DuckDB has one writer, so nothing lands while dbt runs: the ``_seen`` views, by which dbt reads,
have nothing to hide (docs/decisions/0008 has what they do on PostgreSQL).
"""

from duckdb import DuckDBPyConnection

from loaders.tables import ALL_TABLES, Table

STAMPS = (
    "_batch_id bigint not null, _loaded_at timestamptz not null,"
    " _source_file varchar not null, _deleted_at timestamptz"
)

_LEDGER = """
create schema raw;

create table raw._batches (
    batch_id bigint not null,
    source varchar not null,
    mode varchar not null,
    status varchar not null,
    started_at timestamptz not null,
    finished_at timestamptz,
    seconds decimal(12, 3),
    rows_read bigint not null default 0,
    rows_new bigint not null default 0,
    rows_changed bigint not null default 0,
    rows_removed bigint not null default 0,
    rows_rejected bigint not null default 0,
    error varchar,
    rules json
);
create view raw._batches_seen as select * from raw._batches;

create table raw._files (
    batch_id bigint not null,
    table_name varchar not null,
    file_name varchar not null,
    checksum varchar not null,
    bytes bigint not null,
    mode varchar not null,
    status varchar not null,
    rows_read bigint not null default 0,
    rows_new bigint not null default 0,
    rows_changed bigint not null default 0,
    rows_removed bigint not null default 0,
    rows_rejected bigint not null default 0,
    seconds decimal(12, 3) not null,
    encoding varchar not null
);
"""


def quoted(name: str) -> str:
    """A name as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def has_raw(link: DuckDBPyConnection) -> bool:
    """Whether anything has landed in the file."""
    found = link.execute(
        "select count(*) from duckdb_tables() where database_name = current_database()"
        " and schema_name = 'raw' and table_name = '_batches'"
    ).fetchone()
    return found == (1,)


def ensure_schema(link: DuckDBPyConnection) -> None:
    """Create schema ``raw`` where it does not exist; all its tables, so that dbt finds them.

    A file that an earlier version made gets the tables that it lacks.
    """
    if not has_raw(link):
        link.execute(_LEDGER)
    link.execute("".join(map(_of_table, ALL_TABLES)))


def _of_table(table: Table) -> str:
    columns = ", ".join(f"{quoted(name)} varchar" for name in table.columns)
    names = ", ".join(map(quoted, table.columns))
    return (
        f"create table if not exists raw.{table.name} ({columns}, {STAMPS});"
        f"create view if not exists raw._{table.name}_seen as select {names},"
        f" _batch_id, _loaded_at, _source_file, _deleted_at from raw.{table.name};"
    )
