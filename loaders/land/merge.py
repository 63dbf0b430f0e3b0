"""Later landings of a table: COPY into a temporary one, then write only what is new or differs."""

from typing import IO

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loaders.land.batch import Batch
from loaders.land.copy import copy, names_of
from loaders.land.duplicates import drop_repeats
from loaders.land.ledger import Counts
from loaders.sources import SourceFile
from loaders.tables import Table

_INCOMING = sql.Identifier("pg_temp", "incoming")


def replace(
    cursor: Cursor, source: SourceFile, stream: IO[bytes], batch: Batch, origin: str
) -> Counts:
    """Replace a table without a key whole; readers see the old rows until the batch commits."""
    target = sql.Identifier("raw", source.table.name)
    _copy_incoming(cursor, source, stream)
    cursor.execute(sql.SQL("delete from {}").format(target))
    removed = cursor.rowcount
    new = _insert_incoming(cursor, source.table, batch, origin, where=sql.SQL("true"))
    return Counts(read=new, new=new, removed=removed)


def merge(
    cursor: Cursor,
    source: SourceFile,
    stream: IO[bytes],
    batch: Batch,
    origin: str,
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
    stamp = sql.SQL("_batch_id = {}, _loaded_at = {}").format(
        sql.Literal(batch.batch_id), sql.Literal(batch.loaded_at)
    )

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
    new = _insert_incoming(cursor, table, batch, origin, where=absent)
    removed = 0
    if (source.mode or batch.mode) == "snapshot":
        cursor.execute(
            sql.SQL(
                "update {} as landed set {}, _deleted_at = {} where _deleted_at is null"
                " and not exists (select from {} as incoming where {})"
            ).format(target, stamp, sql.Literal(batch.loaded_at), _INCOMING, same_key)
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
    return copy(cursor, _INCOMING, source, stream, "freeze false")


def _insert_incoming(
    cursor: Cursor, table: Table, batch: Batch, origin: str, where: sql.Composable
) -> int:
    cursor.execute(
        sql.SQL(
            "insert into {target} ({columns}, _batch_id, _loaded_at, _source_file)"
            " select {columns}, {batch_id}, {loaded_at}, {origin} from {incoming} as incoming"
            " where {where}"
        ).format(
            target=sql.Identifier("raw", table.name),
            columns=names_of(table.columns),
            batch_id=sql.Literal(batch.batch_id),
            loaded_at=sql.Literal(batch.loaded_at),
            origin=sql.Literal(origin),
            incoming=_INCOMING,
            where=where,
        )
    )
    return cursor.rowcount
