"""The first landing of a table: COPY straight into it, then its primary key."""

from typing import IO

from psycopg2 import errors, sql
from psycopg2.extensions import cursor as Cursor

from loaders.land.batch import Batch
from loaders.land.copy import copy, names_of
from loaders.land.duplicates import drop_repeats
from loaders.land.ledger import Counts
from loaders.land.merge import append
from loaders.land.stamps import stamped
from loaders.sources import SourceFile
from loaders.tables import Table


def fill(
    cursor: Cursor, source: SourceFile, stream: IO[bytes], batch: Batch, origin: str
) -> Counts:
    """First landing: COPY straight into the empty table, which stamps its rows."""
    table = source.table
    target = sql.Identifier("raw", table.name)
    # Emptied in this transaction, the table takes COPY FREEZE, and no WAL where wal_level allows.
    cursor.execute(sql.SQL("truncate {}").format(target))
    _drop_indexes(cursor, table)
    with stamped(cursor, table, batch, origin):
        read = copy(cursor, target, source, stream, "freeze true")
    repeats = _add_key(cursor, source)
    return Counts(read=read, new=read - repeats)


def fill_from_incoming(cursor: Cursor, source: SourceFile, batch: Batch, origin: str) -> Counts:
    """First landing of rows that were sifted: into the empty table, then its key."""
    _drop_indexes(cursor, source.table)
    new = append(cursor, source, batch, origin)
    _add_key(cursor, source)
    return Counts(new=new)


def _drop_indexes(cursor: Cursor, table: Table) -> None:
    """Drop what a landing of an empty file, or a truncated table, left behind."""
    for index in table.indexes:  # made again when the batch is committed
        cursor.execute(sql.SQL("drop index if exists {}").format(sql.Identifier("raw", index)))
    cursor.execute(
        sql.SQL("alter table {} drop constraint if exists {}").format(
            sql.Identifier("raw", table.name), sql.Identifier(f"{table.name}_pkey")
        )
    )
    for column in table.key:  # a dropped key leaves it, and COPY would tell of it in its own way
        cursor.execute(
            sql.SQL("alter table {} alter {} drop not null").format(
                sql.Identifier("raw", table.name), sql.Identifier(column)
            )
        )


def _add_key(cursor: Cursor, source: SourceFile) -> int:
    """Give a filled table its primary key; return the repeated rows dropped for it."""
    table, repeats = source.table, 0
    if not table.key:
        return 0
    target = sql.Identifier("raw", table.name)
    add_key = sql.SQL("alter table {} add constraint {} primary key ({})").format(
        target, sql.Identifier(f"{table.name}_pkey"), names_of(table.key)
    )
    cursor.execute("savepoint before_key")
    try:
        cursor.execute(add_key)
    except (errors.UniqueViolation, errors.NotNullViolation):
        cursor.execute("rollback to savepoint before_key")
        repeats = drop_repeats(cursor, target, source)
        cursor.execute(add_key)
    return repeats
