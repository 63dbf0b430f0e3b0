"""The ledger of schema ``raw``: what was landed, when, from where, with what result."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from loaders.land.schema import ensure_schema
from loaders.redact import redact
from loaders.tables import Table

# One number for every landing into this database: loads are serialised by it.
_LOCK = 0x0115_7001

CRASHED = (
    "it ended without a word: it or the server was killed, or the connection was lost;"
    " nothing of it was landed"
)


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
    mode: str
    status: str = "landed"
    seconds: float = 0.0
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


def begin(link: Connection, source: str, mode: str) -> int:
    """Note in a transaction of its own that a load has started; return the number of its batch.

    Only the holder of the lock may call it. So a load that is still ``started`` then has ended
    without a word: it becomes ``crashed``.
    """
    with link.cursor() as cursor:
        ensure_schema(cursor)
        cursor.execute(
            "update raw._batches set status = 'crashed', error = %s where status = 'started'",
            (CRASHED,),
        )
        cursor.execute("select raw._forget()")
        cursor.execute(
            "insert into raw._batches (batch_id, source, mode, status, started_at)"
            " select coalesce(max(batch_id), 0) + 1, %s, %s, 'started', now() from raw._batches"
            " returning batch_id",
            (redact(source), mode),
        )
        batch_id = _one(cursor)
    link.commit()
    return batch_id


def open_batch(cursor: Cursor, batch_id: int) -> datetime:
    """Begin the transaction of a batch; return its time, which is ``_loaded_at`` of its rows."""
    # The triggers of loaders.land.seen keep what this batch overwrites.
    cursor.execute("select now(), set_config('olist.batch', %s, true)", (str(batch_id),))
    row = cursor.fetchone()
    assert row is not None  # noqa: S101 - a select without from has one row
    return row[0]  # type: ignore[no-any-return]


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
) -> Counts:
    """Write the batch and its files into the ledger; return the batch's counts.

    The batch began when its transaction did and ends now, by the server's clock. The note that it
    had started gives way to what came of it.
    """
    total = sum((result.counts for result in results), Counts())
    landed = any(result.status == "landed" for result in results)
    status = "landed" if landed else "unchanged"
    cursor.execute("delete from raw._batches where batch_id = %s", (batch_id,))
    cursor.execute(
        "insert into raw._batches values (%s, %s, %s, %s, now(), clock_timestamp(),"
        " extract(epoch from clock_timestamp() - now()), %s, %s, %s, %s, 0)",
        (
            batch_id,
            redact(source),
            mode,
            status,
            total.read,
            total.new,
            total.changed,
            total.removed,
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
                result.mode,
                result.status,
                counts.read,
                counts.new,
                counts.changed,
                counts.removed,
                round(result.seconds, 3),
            ),
        )
    return total


def record_failure(link: Connection, batch_id: int, error: str) -> None:
    """Note in a transaction of its own that a batch was rolled back, and why."""
    with link.cursor() as cursor:
        cursor.execute(
            "update raw._batches set status = 'failed', error = %s, finished_at = now(),"
            " seconds = extract(epoch from now() - started_at) where batch_id = %s",
            (redact(error), batch_id),
        )
    link.commit()


def _one(cursor: Cursor) -> int:
    row = cursor.fetchone()
    assert row is not None  # noqa: S101 - a select without from has one row
    return row[0]  # type: ignore[no-any-return]
