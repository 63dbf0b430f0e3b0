"""Write one file into its raw table, by the way that fits what is there."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import IO

import psycopg2
from psycopg2 import errors, sql
from psycopg2.extensions import cursor as Cursor

from loaders.land.batch import Batch
from loaders.land.copy import EndMarker
from loaders.land.duplicates import BadKeys, drop_repeats, reject_keys
from loaders.land.fill import fill, fill_from_incoming
from loaders.land.incoming import INCOMING, copy_incoming, sift_incoming
from loaders.land.ledger import Counts
from loaders.land.merge import append, merge, replace
from loaders.land.rejects import Rejects
from loaders.land.sieve import data_records
from loaders.sources import SourceFile

Reading = Callable[[], AbstractContextManager[IO[bytes]]]

# What PostgreSQL raises for the content of a file: the second for a field or a key that is too
# long, the third for an empty key where a table that was emptied knows its key already.
_CONTENT = (
    psycopg2.DataError,
    errors.ProgramLimitExceeded,
    errors.NotNullViolation,
    BadKeys,
    EndMarker,
)


def write(
    cursor: Cursor, source: SourceFile, reading: Reading, batch: Batch, origin: str
) -> Counts:
    """Land one file in the transaction of ``cursor`` and return the rows read and written.

    ``reading`` opens the file as UTF-8, and ``origin`` becomes ``_source_file``. The file goes
    through COPY as it is; only when that fails it is read again, record by record, to find what is
    wrong and, where ``batch.rules`` allow it, to land the rest. Raises LoaderError otherwise.
    """
    cursor.execute("savepoint before_file")
    try:
        with reading() as stream:
            counts = _whole(cursor, source, stream, batch, origin)
    except _CONTENT:
        cursor.execute("rollback to savepoint before_file")
        with Rejects(source, batch.rules.allowance) as rejects:
            counts = _sifted(cursor, source, reading, batch, origin, rejects)
    cursor.execute("release savepoint before_file")
    return counts


def _whole(
    cursor: Cursor, source: SourceFile, stream: IO[bytes], batch: Batch, origin: str
) -> Counts:
    if _may_fill(cursor, source):
        return fill(cursor, source, stream, batch, origin)
    read = copy_incoming(cursor, source, stream)
    if source.table.key:
        drop_repeats(cursor, INCOMING, source)
    return Counts(read=read) + _write_incoming(cursor, source, batch, origin, whole=True)


def _sifted(  # noqa: PLR0917 - as many as the landing of a file has parts
    cursor: Cursor,
    source: SourceFile,
    reading: Reading,
    batch: Batch,
    origin: str,
    rejects: Rejects,
) -> Counts:
    with reading() as stream:
        read = sift_incoming(cursor, source, stream, rejects)
    if source.table.key:
        reject_keys(cursor, source, rejects)
        with reading() as stream:
            _keep_bad_keys(cursor, source, stream, rejects)
    rejects.tell(0, [], rows=read)
    if _may_fill(cursor, source):
        counts = fill_from_incoming(cursor, source, batch, origin)
    else:
        # A row that was rejected is not a row that is gone: with any, nothing is marked as removed.
        counts = _write_incoming(cursor, source, batch, origin, whole=not rejects.count)
    if rejects.count:
        rejects.write(cursor, batch.batch_id)
    return Counts(read=read, rejected=rejects.count) + counts


def _write_incoming(
    cursor: Cursor, source: SourceFile, batch: Batch, origin: str, *, whole: bool
) -> Counts:
    mode = source.mode or batch.mode
    if source.table.key:
        return merge(cursor, source, batch, origin, complete=whole and mode == "snapshot")
    if mode == "append":
        return Counts(new=append(cursor, source, batch, origin))
    return replace(cursor, source, batch, origin)


def _keep_bad_keys(cursor: Cursor, source: SourceFile, stream: IO[bytes], rejects: Rejects) -> None:
    """Read the file once more, for the text of the rows whose keys are bad."""
    with cursor.connection.cursor("bad_keys") as bad:
        bad.execute("select line, reason from pg_temp.bad_keys order by line")
        wanted = next(bad, None)
        for record in data_records(source, stream):
            if wanted is None:
                return
            if record.line == wanted[0]:
                rejects.keep(record.line, wanted[1], record.body)
                wanted = next(bad, None)


def _may_fill(cursor: Cursor, source: SourceFile) -> bool:
    """Whether the table is empty and no dbt run may be reading it.

    To fill a table takes it from its readers until the batch ends.
    """
    cursor.execute(
        sql.SQL("select not exists (select from {}) and not exists (select from raw._seen)").format(
            sql.Identifier("raw", source.table.name)
        )
    )
    row = cursor.fetchone()
    return row is not None and row[0]
