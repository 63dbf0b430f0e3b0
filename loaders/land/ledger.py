"""Schema ``raw`` and its ledger: what was landed, when, from where, with what result."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from loaders.tables import TABLES, Table

# One number for every landing into this database: loads are serialised by it.
_LOCK = 0x0115_7001

_LEDGER = """
create schema if not exists raw;

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


@dataclass
class Counts:
    """Rows of one file or one batch."""

    read: int = 0
    new: int = 0
    changed: int = 0
    removed: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.read + other.read,
            self.new + other.new,
            self.changed + other.changed,
            self.removed + other.removed,
        )

    @property
    def anything(self) -> bool:
        """Whether a row of ``raw`` was written."""
        return bool(self.new or self.changed or self.removed)

    def __str__(self) -> str:
        if not self.anything:
            return f"{self.read:,} rows read, nothing new"
        return (
            f"{self.read:,} rows read: {self.new:,} new, {self.changed:,} changed,"
            f" {self.removed:,} removed"
        )


@dataclass
class FileResult:
    """What became of one file."""

    table: str
    file: str
    checksum: str
    size: int
    status: str
    seconds: float
    counts: Counts = field(default_factory=Counts)


@contextmanager
def exclusive(link: Connection, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the landing lock; call ``waiting`` first when another load has it.

    The lock belongs to the session and not to the transaction, so that a load that had to wait
    begins its transaction, and with it ``_loaded_at``, after the other one has ended.
    """
    with link.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s)", (_LOCK,))
        if not _one(cursor):
            waiting()
            cursor.execute("select pg_advisory_lock(%s)", (_LOCK,))
    link.commit()
    try:
        yield
    finally:
        if not link.closed:  # a lost connection has lost the lock with it
            link.rollback()
            with link.cursor() as cursor:
                cursor.execute("select pg_advisory_unlock(%s)", (_LOCK,))
            link.commit()


def ensure_schema(cursor: Cursor) -> None:
    """Create schema ``raw``, its ledger and its nine tables where they do not exist.

    All nine are made at the first landing, also when only some have a file, so that dbt finds every
    source; the rest stay empty.
    """
    cursor.execute("select to_regclass('raw._rejected_rows') is not null")
    if _one(cursor):
        return
    cursor.execute(_LEDGER)
    for table in TABLES:
        cursor.execute(_create_table(table))


def _create_table(table: Table) -> sql.Composed:
    columns = [sql.SQL("{} text").format(sql.Identifier(name)) for name in table.columns]
    return sql.SQL(
        "create table if not exists {} ({},"
        " _batch_id bigint not null, _loaded_at timestamptz not null,"
        " _source_file text not null, _deleted_at timestamptz)"
    ).format(sql.Identifier("raw", table.name), sql.SQL(", ").join(columns))


def next_batch_id(cursor: Cursor) -> int:
    """Number of the batch about to land; only the holder of the lock may ask."""
    cursor.execute("select coalesce(max(batch_id), 0) + 1 from raw._batches")
    return int(_one(cursor))


def already_landed(cursor: Cursor, table: Table, checksum: str, mode: str) -> bool:
    """Whether this content is the last that was landed for the table, in a mode that did as much.

    Only the last counts: A, then B, then A again has to land A again.
    """
    cursor.execute(
        "select checksum, mode from raw._files where table_name = %s and status = 'landed'"
        " order by batch_id desc limit 1",
        (table.name,),
    )
    last = cursor.fetchone()
    return last is not None and last[0] == checksum and (mode == "delta" or last[1] == "snapshot")


def record(
    cursor: Cursor,
    batch_id: int,
    source: str,
    mode: str,
    results: list[FileResult],
    *,
    error: str | None = None,
) -> Counts:
    """Write the batch and its files into the ledger; return the batch's counts.

    The batch began when its transaction did and ends now, by the server's clock.
    """
    total = sum((result.counts for result in results), Counts())
    landed = any(result.status == "landed" for result in results)
    status = "failed" if error else "landed" if landed else "unchanged"
    cursor.execute(
        "insert into raw._batches values (%s, %s, %s, %s, now(), clock_timestamp(),"
        " extract(epoch from clock_timestamp() - now()), %s, %s, %s, %s, 0, %s)",
        (
            batch_id,
            source,
            mode,
            status,
            total.read,
            total.new,
            total.changed,
            total.removed,
            error,
        ),
    )
    for result in results:
        counts = result.counts
        cursor.execute(
            "insert into raw._files values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 0, %s)",
            (
                batch_id,
                result.table,
                result.file,
                result.checksum,
                result.size,
                mode,
                result.status,
                counts.read,
                counts.new,
                counts.changed,
                counts.removed,
                round(result.seconds, 3),
            ),
        )
    return total


def record_failure(link: Connection, source: str, mode: str, error: str) -> None:
    """Note a batch that was rolled back, in a transaction of its own."""
    with link.cursor() as cursor:
        ensure_schema(cursor)
        record(cursor, next_batch_id(cursor), source, mode, [], error=error)
    link.commit()


def _one(cursor: Cursor) -> int:
    row = cursor.fetchone()
    assert row is not None  # noqa: S101 - a select without from has one row
    return row[0]  # type: ignore[no-any-return]
