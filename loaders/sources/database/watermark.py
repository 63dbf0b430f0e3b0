"""How far each table of a source has been read: the ledger's memory of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loaders.errors import LoaderError
from loaders.sources.database.engine import Column, Engine
from loaders.tables import ALL_TABLES

# A time zone is at most 14 hours ahead: what is later by any clock is no time of a change.
_AHEAD = timedelta(hours=15)


@dataclass(frozen=True)
class Position:
    """How far a table was read: the newest value seen, and from where the next load reads.

    ``column`` is qualified by its relation. Both values are text in the source's type.
    """

    column: str
    newest: str
    read_from: str


def known(cursor: Cursor, source: str) -> dict[str, Position]:
    """Positions of a source's tables from which a load can go on, by raw table.

    Those are left out of which raw has nothing any more, or has what came later from elsewhere.
    """
    cursor.execute("select to_regclass('raw._watermarks')")
    if cursor.fetchone() == (None,):
        return {}
    cursor.execute(
        "select table_name, column_name, watermark, read_from from raw._watermarks as watermarks"
        " where source = %(source)s and not exists ("
        "select from raw._files as files join raw._batches as batches using (batch_id)"
        " where files.table_name = watermarks.table_name"
        " and files.batch_id > watermarks.batch_id"
        " and files.status = 'landed' and batches.source <> %(source)s)",
        {"source": source},
    )
    found = {table: Position(*position) for table, *position in cursor.fetchall()}
    return {
        table.name: found[table.name]
        for table in ALL_TABLES
        if table.name in found and _has_rows(cursor, table.name)
    }


def _has_rows(cursor: Cursor, table: str) -> bool:
    cursor.execute(sql.SQL("select exists (select from {})").format(sql.Identifier("raw", table)))
    return cursor.fetchone() == (True,)


def position(
    engine: Engine, relation: str, column: Column, newest: str, overlap: int
) -> Position | None:
    """Where the next load begins, when this one has seen all up to ``newest``.

    It goes back by ``overlap``, or to before the oldest transaction that is still open: its rows
    may carry an earlier time than the newest that was seen. A time in the future is no measure of
    what has been seen; the next load then reads what changed since yesterday. None where the value
    is no measure at all.
    """
    value = _value(column, newest)
    if value is None:
        return None
    if isinstance(value, Decimal):
        return Position(f"{relation}.{column.name}", newest, f"{value - overlap:f}")
    latest = engine.now + _AHEAD
    if value.replace(tzinfo=None) > latest:
        value = (latest - timedelta(days=2)).replace(tzinfo=value.tzinfo)
    try:
        start = value - timedelta(seconds=max(overlap, engine.oldest))
    except OverflowError:
        raise LoaderError(f"overlap={overlap} seconds is too long.") from None
    return Position(f"{relation}.{column.name}", newest, start.isoformat(sep=" "))


def goes_on(last: Position, now: Position | None, column: Column) -> bool:
    """Whether the source has gone on since ``last``: by the same column, and not backwards."""
    if now is None or last.column != now.column:
        return False
    before, after = _value(column, last.newest), _value(column, now.newest)
    if isinstance(before, Decimal) and isinstance(after, Decimal):
        return after >= before
    if isinstance(before, datetime) and isinstance(after, datetime):
        return after.replace(tzinfo=None) >= before.replace(tzinfo=None)
    return False  # the column has become one of another kind


def _value(column: Column, text: str) -> Decimal | datetime | None:
    """Return the value of a watermark; None where it has no order or no place in the calendar."""
    try:
        if column.kind == "number":
            number = Decimal(text)
            return number if number.is_finite() else None
        return datetime.fromisoformat(text)
    except (InvalidOperation, ValueError):
        return None


def remember(cursor: Cursor, batch_id: int, source: str, positions: Mapping[str, Position]) -> None:
    """Note how far this batch has read, in its transaction."""
    for table, at in positions.items():
        cursor.execute(
            "insert into raw._watermarks"
            " (source, table_name, column_name, watermark, read_from, batch_id)"
            " values (%s, %s, %s, %s, %s, %s)"
            " on conflict (source, table_name) do update set column_name = excluded.column_name,"
            " watermark = excluded.watermark, read_from = excluded.read_from,"
            " batch_id = excluded.batch_id, noted_at = now()",
            (source, table, at.column, at.newest, at.read_from, batch_id),
        )
