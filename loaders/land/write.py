"""Write one file into its raw table: COPY, then only the rows that are new or differ.

No row passes through Python: COPY takes the file's bytes as they are, SQL does the rest.
"""

from collections.abc import Sequence
from typing import IO

from psycopg2 import errors, sql
from psycopg2.extensions import cursor as Cursor

from loaders.land.duplicates import drop_repeats
from loaders.land.ledger import Counts
from loaders.land.sources import SourceFile
from loaders.tables import Table

_BLOCK = 1 << 20
_INCOMING = sql.Identifier("pg_temp", "incoming")


def write(
    cursor: Cursor,
    source: SourceFile,
    stream: IO[bytes],
    *,
    batch_id: int,
    origin: str,
    mode: str,
) -> Counts:
    """Land one file in the transaction of ``cursor`` and return the rows read and written.

    ``origin`` becomes ``_source_file``; ``mode`` is ``delta`` or ``snapshot``. Raises LoaderError
    for a repeated key, psycopg2.Error for what COPY refuses.
    """
    target = sql.Identifier("raw", source.table.name)
    cursor.execute(sql.SQL("select exists (select from {})").format(target))
    row = cursor.fetchone()
    if row is not None and not row[0]:
        return _fill(cursor, source, stream, batch_id, origin)
    if not source.table.key:
        return _replace(cursor, source, stream, batch_id, origin)
    return _merge(cursor, source, stream, batch_id, origin, mode)


def _fill(
    cursor: Cursor, source: SourceFile, stream: IO[bytes], batch_id: int, origin: str
) -> Counts:
    """First landing: COPY straight into the empty table, the batch columns as its defaults."""
    table = source.table
    target = sql.Identifier("raw", table.name)
    # Emptied in this transaction, the table takes COPY FREEZE, and no WAL where wal_level allows.
    cursor.execute(sql.SQL("truncate {}").format(target))
    _drop_indexes(cursor, table)
    cursor.execute(
        sql.SQL(
            "alter table {} alter _batch_id set default {}, alter _loaded_at set default {},"
            " alter _source_file set default {}"
        ).format(target, sql.Literal(batch_id), _now(cursor), sql.Literal(origin))
    )
    read = _copy(cursor, target, source, stream, "freeze true")
    cursor.execute(
        sql.SQL(
            "alter table {} alter _batch_id drop default, alter _loaded_at drop default,"
            " alter _source_file drop default"
        ).format(target)
    )
    repeats = _index(cursor, source)
    return Counts(read=read, new=read - repeats)


def _drop_indexes(cursor: Cursor, table: Table) -> None:
    """Drop what a landing of an empty file, or a truncated table, left behind."""
    for column in _lookups(table):
        cursor.execute(sql.SQL("drop index if exists {}").format(_index_name(table, column, "raw")))
    cursor.execute(
        sql.SQL("alter table {} drop constraint if exists {}").format(
            sql.Identifier("raw", table.name), sql.Identifier(f"{table.name}_pkey")
        )
    )


def _index(cursor: Cursor, source: SourceFile) -> int:
    """Give a filled table its primary key and lookups; return the repeated rows dropped for it."""
    table, repeats = source.table, 0
    if not table.key:
        return 0
    target = sql.Identifier("raw", table.name)
    add_key = sql.SQL("alter table {} add constraint {} primary key ({})").format(
        target, sql.Identifier(f"{table.name}_pkey"), _names(table.key)
    )
    cursor.execute("savepoint before_key")
    try:
        cursor.execute(add_key)
    except (errors.UniqueViolation, errors.NotNullViolation):
        cursor.execute("rollback to savepoint before_key")
        repeats = drop_repeats(cursor, target, source)
        cursor.execute(add_key)
    for column in _lookups(table):
        cursor.execute(
            sql.SQL("create index {} on {} ({})").format(
                _index_name(table, column), target, sql.Identifier(column)
            )
        )
    return repeats


def _lookups(table: Table) -> tuple[str, ...]:
    return (*table.lookups, "_batch_id") if table.key else ()


def _index_name(table: Table, column: str, *schema: str) -> sql.Identifier:
    return sql.Identifier(*schema, f"{table.name}_{column.strip('_')}_idx")


def _replace(
    cursor: Cursor, source: SourceFile, stream: IO[bytes], batch_id: int, origin: str
) -> Counts:
    """Replace a table without a key whole; readers see the old rows until the batch commits."""
    target = sql.Identifier("raw", source.table.name)
    _copy_incoming(cursor, source, stream)
    cursor.execute(sql.SQL("delete from {}").format(target))
    removed = cursor.rowcount
    new = _insert_incoming(cursor, source.table, batch_id, origin, where=sql.SQL("true"))
    return Counts(read=new, new=new, removed=removed)


def _merge(
    cursor: Cursor,
    source: SourceFile,
    stream: IO[bytes],
    batch_id: int,
    origin: str,
    mode: str,
) -> Counts:
    """Write the rows that are new or differ; in a snapshot, mark those that are gone."""
    table = source.table
    target = sql.Identifier("raw", table.name)
    read = _copy_incoming(cursor, source, stream)
    drop_repeats(cursor, _INCOMING, source)
    cursor.execute(sql.SQL("analyze {}").format(_INCOMING))
    same_key = sql.SQL(" and ").join(
        sql.SQL("landed.{0} = incoming.{0}").format(sql.Identifier(name)) for name in table.key
    )
    values = [sql.Identifier(name) for name in table.columns if name not in table.key]
    stamp = sql.SQL("_batch_id = {}, _loaded_at = now()").format(sql.Literal(batch_id))

    cursor.execute(
        sql.SQL(
            "update {target} as landed set {values}, {stamp}, _source_file = {origin},"
            " _deleted_at = null from {incoming} as incoming where {same_key}"
            " and (landed._deleted_at is not null or ({old}) is distinct from ({new}))"
        ).format(
            target=target,
            incoming=_INCOMING,
            same_key=same_key,
            stamp=stamp,
            origin=sql.Literal(origin),
            values=sql.SQL(", ").join(
                sql.SQL("{0} = incoming.{0}").format(value) for value in values
            ),
            old=sql.SQL(", ").join(sql.SQL("landed.{}").format(value) for value in values),
            new=sql.SQL(", ").join(sql.SQL("incoming.{}").format(value) for value in values),
        )
    )
    changed = cursor.rowcount
    absent = sql.SQL("not exists (select from {} as landed where {})").format(target, same_key)
    new = _insert_incoming(cursor, table, batch_id, origin, where=absent)
    removed = 0
    if mode == "snapshot":
        cursor.execute(
            sql.SQL(
                "update {} as landed set {}, _deleted_at = now() where _deleted_at is null"
                " and not exists (select from {} as incoming where {})"
            ).format(target, stamp, _INCOMING, same_key)
        )
        removed = cursor.rowcount
    return Counts(read=read, new=new, changed=changed, removed=removed)


def _copy_incoming(cursor: Cursor, source: SourceFile, stream: IO[bytes]) -> int:
    cursor.execute("drop table if exists pg_temp.incoming")
    cursor.execute(
        sql.SQL("create temporary table incoming ({}) on commit drop").format(
            sql.SQL(", ").join(
                sql.SQL("{} text").format(sql.Identifier(name)) for name in source.table.columns
            )
        )
    )
    return _copy(cursor, _INCOMING, source, stream, "freeze false")


def _insert_incoming(
    cursor: Cursor, table: Table, batch_id: int, origin: str, where: sql.Composable
) -> int:
    cursor.execute(
        sql.SQL(
            "insert into {target} ({columns}, _batch_id, _loaded_at, _source_file)"
            " select {columns}, {batch_id}, now(), {origin} from {incoming} as incoming"
            " where {where}"
        ).format(
            target=sql.Identifier("raw", table.name),
            columns=_names(table.columns),
            batch_id=sql.Literal(batch_id),
            origin=sql.Literal(origin),
            incoming=_INCOMING,
            where=where,
        )
    )
    return cursor.rowcount


def _copy(
    cursor: Cursor, target: sql.Composable, source: SourceFile, stream: IO[bytes], freeze: str
) -> int:
    """COPY the file's bytes; return the rows read. Empty fields become null, quoted or not."""
    columns = _names(source.header())
    statement = sql.SQL(
        "copy {} ({}) from stdin (format csv, header true, encoding 'UTF8', {}, force_null ({}))"
    ).format(target, columns, sql.SQL(freeze), columns)
    cursor.copy_expert(statement, stream, size=_BLOCK)
    return cursor.rowcount


def _names(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _now(cursor: Cursor) -> sql.Literal:
    cursor.execute("select now()")
    row = cursor.fetchone()
    return sql.Literal(row[0] if row else None)
