"""The batch columns of a table that is filled: one value for all rows, kept once and not in each.

A column that is added with a constant default costs no space in the rows that are there: PostgreSQL
notes the value beside the column. So the batch columns are taken off the empty table and added
anew when its rows are in. In small rows they would be half the bytes.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from psycopg2 import errors, sql
from psycopg2.extensions import cursor as Cursor

from loaders.land.batch import Batch
from loaders.tables import Table

_NAMES = [sql.Identifier(name) for name in ("_batch_id", "_loaded_at", "_source_file")]
_TYPES = [sql.SQL(kind) for kind in ("bigint", "timestamptz", "text")]
_DELETED_AT = sql.Identifier("_deleted_at")
_MOST_COLUMNS = 400  # a column that was dropped counts for good, and PostgreSQL has 1,600


@contextmanager
def stamped(cursor: Cursor, table: Table, batch: Batch, origin: str) -> Iterator[None]:
    """Stamp the rows that the block puts into an empty table."""
    values = [sql.Literal(value) for value in (batch.batch_id, batch.loaded_at, origin)]
    view = _take_off(cursor, table)
    if view is None:
        default = sql.SQL("alter {} set default {}")
        _alter(cursor, table, map(default.format, _NAMES, values))
    yield
    if view is not None:
        add = sql.SQL("add column {} {} not null default {}")
        added = list(map(add.format, _NAMES, _TYPES, values))
        _alter(cursor, table, [*added, sql.SQL("add column {} timestamptz").format(_DELETED_AT)])
        cursor.execute(_view(table, view))
    _alter(cursor, table, map(sql.SQL("alter {} drop default").format, _NAMES))


def _take_off(cursor: Cursor, table: Table) -> str | None:
    """Drop the batch columns; return the query of the view of the table, which reads them.

    None when they stay: somebody else's view reads them too, or it was done too often.
    """
    cursor.execute(
        "select pg_get_viewdef(attrelid), 'select ' || string_agg("
        " format('null::%%s as %%I', format_type(atttypid, atttypmod), attname), ', '"
        " order by attnum),"
        " (select max(attnum) from pg_attribute where attrelid = to_regclass(%s))"
        " from pg_attribute where attrelid = to_regclass(%s) and attnum > 0 group by attrelid",
        (f"raw.{table.name}", f"raw._{table.name}_seen"),
    )
    view: str | None
    ((view, without_table, columns),) = cursor.fetchall()
    if columns > _MOST_COLUMNS:
        return None
    cursor.execute("savepoint before_stamps")
    try:
        cursor.execute(_view(table, without_table))
        _alter(cursor, table, map(sql.SQL("drop column {}").format, [*_NAMES, _DELETED_AT]))
    except errors.DependentObjectsStillExist:
        cursor.execute("rollback to savepoint before_stamps")
        view = None
    cursor.execute("release savepoint before_stamps")  # COPY FREEZE wants the one of the truncate
    return view


def _view(table: Table, query: str) -> sql.Composed:
    return sql.SQL("create or replace view {} as {}").format(
        sql.Identifier("raw", f"_{table.name}_seen"), sql.SQL(query)
    )


def _alter(cursor: Cursor, table: Table, actions: Iterable[sql.Composable]) -> None:
    cursor.execute(
        sql.SQL("alter table {} {}").format(
            sql.Identifier("raw", table.name), sql.SQL(", ").join(actions)
        )
    )
