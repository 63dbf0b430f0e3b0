"""The ledger of schema ``raw``: what was landed, when, from where, with what result."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from loaders.land.schema import ensure_schema
from loaders.sources.encodings import UTF_8
from loaders.tables import Table

# One number for every landing into this database: loads are serialised by it.
_LOCK = 0x0115_7001

# Source of a batch that landed rows which an earlier one had rejected.
REJECTED = "rejected rows"


@dataclass
class Counts:
    """Rows of one file or one batch."""

    read: int = 0
    new: int = 0
    changed: int = 0
    removed: int = 0
    rejected: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.read + other.read,
            self.new + other.new,
            self.changed + other.changed,
            self.removed + other.removed,
            self.rejected + other.rejected,
        )

    @property
    def anything(self) -> bool:
        """Whether a row of ``raw`` was written."""
        return bool(self.new or self.changed or self.removed)

    def __str__(self) -> str:
        rejected = f", {self.rejected:,} rejected" if self.rejected else ""
        if not self.anything:
            return f"{self.read:,} rows read, nothing new{rejected}"
        return (
            f"{self.read:,} rows read: {self.new:,} new, {self.changed:,} changed,"
            f" {self.removed:,} removed{rejected}"
        )


@dataclass
class FileResult:
    """What became of one file."""

    table: str
    file: str
    checksum: str
    size: int
    mode: str
    status: str = "landed"
    seconds: float = 0.0
    encoding: str = UTF_8
    counts: Counts = field(default_factory=Counts)


@contextmanager
def exclusive(link: Connection, waiting: Callable[[], None], lock: int = _LOCK) -> Iterator[None]:
    """Hold an advisory lock, landing's own by default; call ``waiting`` first when it is taken.

    The lock belongs to the session and not to the transaction, so that a load that had to wait
    begins its transaction, and with it ``_loaded_at``, after the other one has ended.
    """
    with link.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s)", (lock,))
        if not _one(cursor):
            waiting()
            cursor.execute("select pg_advisory_lock(%s)", (lock,))
    link.commit()
    try:
        yield
    finally:
        if not link.closed:  # a lost connection has lost the lock with it
            link.rollback()
            with link.cursor() as cursor:
                cursor.execute("select pg_advisory_unlock(%s)", (lock,))
            link.commit()


def next_batch(cursor: Cursor) -> tuple[int, datetime]:
    """Return number and time of the batch about to land; only the holder of the lock may ask."""
    cursor.execute("select coalesce(max(batch_id), 0) + 1, now() from raw._batches")
    row = cursor.fetchone()
    assert row is not None  # noqa: S101 - an aggregate without group by has one row
    return row[0], row[1]


def already_landed(
    cursor: Cursor, table: Table, checksum: str, mode: str, encoding: str = UTF_8
) -> bool:
    """Whether this content is the last that was landed for the table, in a mode that did as much.

    Only the last counts: A, then B, then A again has to land A again. Rows that were rejected and
    landed later do not: they are rows of the file before them.
    """
    cursor.execute(
        "select checksum, mode, encoding from raw._files where table_name = %s"
        " and status = 'landed' and mode <> 'append' order by batch_id desc limit 1",
        (table.name,),
    )
    last = cursor.fetchone()
    if last is None or mode == "append":
        return False
    return (last[0], last[2]) == (checksum, encoding) and (mode == "delta" or last[1] == "snapshot")


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
        "insert into raw._batches (batch_id, source, mode, status, started_at, finished_at,"
        " seconds, rows_read, rows_new, rows_changed, rows_removed, rows_rejected, error)"
        " values (%s, %s, %s, %s, now(), clock_timestamp(),"
        " extract(epoch from clock_timestamp() - now()), %s, %s, %s, %s, %s, %s)",
        (
            batch_id,
            source,
            mode,
            status,
            total.read,
            total.new,
            total.changed,
            total.removed,
            total.rejected,
            error,
        ),
    )
    for result in results:
        counts = result.counts
        cursor.execute(
            "insert into raw._files (batch_id, table_name, file_name, checksum, bytes, mode,"
            " status, rows_read, rows_new, rows_changed, rows_removed, rows_rejected, seconds,"
            " encoding) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                batch_id,
                result.table,
                result.file,
                result.checksum,
                result.size,
                result.mode,
                result.status,
                counts.read,
                counts.new,
                counts.changed,
                counts.removed,
                counts.rejected,
                round(result.seconds, 3),
                result.encoding,
            ),
        )
    return total


def record_failure(link: Connection, source: str, mode: str, error: str) -> None:
    """Note a batch that was rolled back, in a transaction of its own."""
    with link.cursor() as cursor:
        ensure_schema(cursor)
        record(cursor, next_batch(cursor)[0], source, mode, [], error=error)
    link.commit()


def _one(cursor: Cursor) -> int:
    row = cursor.fetchone()
    assert row is not None  # noqa: S101 - a select without from has one row
    return row[0]  # type: ignore[no-any-return]
