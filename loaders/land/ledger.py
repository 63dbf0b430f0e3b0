"""The ledger of schema ``raw``: what was landed, when, from where, with what result."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from loaders.land.batch import Batch
from loaders.land.schema import ensure_schema
from loaders.redact import redact
from loaders.sources.text import UTF_8
from loaders.tables import Table

CRASHED = (
    "it ended without a word: it or the server was killed, or the connection was lost;"
    " nothing of it was landed"
)

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


def exists(cursor: Cursor) -> bool:
    """Whether anything was ever landed, or tried to be, in this database."""
    cursor.execute("select to_regclass('raw._batches') is not null")
    return bool(_one(cursor))


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


def record(cursor: Cursor, batch: Batch, results: Sequence[FileResult]) -> Counts:
    """Write what came of a batch and its files into the ledger; return the batch's counts.

    The batch began when its transaction did and ends now, by the server's clock.
    """
    total = sum((result.counts for result in results), Counts())
    landed = any(result.status == "landed" for result in results)
    cursor.execute(
        "update raw._batches set status = %s, started_at = now(), finished_at = clock_timestamp(),"
        " seconds = extract(epoch from clock_timestamp() - now()), rows_read = %s, rows_new = %s,"
        " rows_changed = %s, rows_removed = %s, rows_rejected = %s, rules = %s"
        " where batch_id = %s",
        (
            "landed" if landed else "unchanged",
            total.read,
            total.new,
            total.changed,
            total.removed,
            total.rejected,
            json.dumps(asdict(batch.rules)),
            batch.batch_id,
        ),
    )
    for result in results:
        counts = result.counts
        cursor.execute(
            "insert into raw._files (batch_id, table_name, file_name, checksum, bytes, mode,"
            " status, rows_read, rows_new, rows_changed, rows_removed, rows_rejected, seconds,"
            " encoding) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                batch.batch_id,
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
