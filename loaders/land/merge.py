"""Later landings of a table: write only what is new or differs from the incoming rows."""

from collections.abc import Sequence

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loaders.land.batch import Batch
from loaders.land.copy import names_of
from loaders.land.incoming import INCOMING
from loaders.land.ledger import Counts
from loaders.land.removals import check_removals, live_rows
from loaders.sources import SourceFile
from loaders.tables import Table


def replace(cursor: Cursor, source: SourceFile, batch: Batch, origin: str) -> Counts:
    """Replace a table without a key whole; readers see the old rows until the batch commits."""
    table = source.table
    cursor.execute(sql.SQL("delete from {}").format(sql.Identifier("raw", table.name)))
    removed = cursor.rowcount
    new = append(cursor, source, batch, origin)
    check_removals(table, removed, removed - new, batch.rules)
    return Counts(new=new, removed=removed)


def append(
    cursor: Cursor,
    source: SourceFile,
    batch: Batch,
    origin: str,
    where: sql.Composable = sql.SQL("true"),  # noqa: B008 - it is constant
) -> int:
    """Insert incoming rows; return how many."""
    cursor.execute(
        sql.SQL(
            "insert into {target} ({columns}, _batch_id, _loaded_at, _source_file)"
            " select {columns}, {batch_id}, {loaded_at}, {origin} from {incoming} as incoming"
            " where {where}"
        ).format(
            target=sql.Identifier("raw", source.table.name),
            columns=names_of(source.header()),
            batch_id=sql.Literal(batch.batch_id),
            loaded_at=sql.Literal(batch.loaded_at),
            origin=sql.Literal(origin),
            incoming=INCOMING,
            where=where,
        )
    )
    return cursor.rowcount


def merge(
    cursor: Cursor, source: SourceFile, batch: Batch, origin: str, *, complete: bool
) -> Counts:
    """Write the rows that are new or differ; where they are ``complete``, mark those that are gone.

    A column that the file does not have keeps its values.
    """
    table = source.table
    target = sql.Identifier("raw", table.name)
    live = live_rows(cursor, table) if complete else 0
    # The joins are by the key, and need to know little of it.
    cursor.execute("set local default_statistics_target = 10")
    cursor.execute(sql.SQL("analyze {} ({})").format(INCOMING, names_of(table.key)))
    same_key = sql.SQL(" and ").join(
        sql.SQL("landed.{0} = incoming.{0}").format(sql.Identifier(name)) for name in table.key
    )
    stamp = sql.SQL("_batch_id = {}, _loaded_at = {}").format(
        sql.Literal(batch.batch_id), sql.Literal(batch.loaded_at)
    )
    changed = _update(cursor, table, source.header(), same_key, stamp, origin)
    absent = sql.SQL("not exists (select from {} as landed where {})").format(target, same_key)
    new = append(cursor, source, batch, origin, where=absent)
    removed = 0
    if complete:
        cursor.execute(
            sql.SQL(
                "update {} as landed set {}, _deleted_at = {} where _deleted_at is null"
                " and not exists (select from {} as incoming where {})"
            ).format(target, stamp, sql.Literal(batch.loaded_at), INCOMING, same_key)
        )
        removed = cursor.rowcount
        check_removals(table, live, removed, batch.rules)
    return Counts(new=new, changed=changed, removed=removed)


def _update(  # noqa: PLR0917 - the parts of one statement
    cursor: Cursor,
    table: Table,
    columns: Sequence[str],
    same_key: sql.Composable,
    stamp: sql.Composable,
    origin: str,
) -> int:
    values = [sql.Identifier(name) for name in columns if name not in table.key]
    cursor.execute(
        sql.SQL(
            "update {target} as landed set {values}, {stamp}, _source_file = {origin},"
            " _deleted_at = null from {incoming} as incoming where {same_key}"
            " and (landed._deleted_at is not null or ({old}) is distinct from ({new}))"
        ).format(
            target=sql.Identifier("raw", table.name),
            incoming=INCOMING,
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
    return cursor.rowcount
