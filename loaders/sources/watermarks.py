"""How far each table of a source database was read: the ledger's memory of it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, NamedTuple

from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from loaders.connection import exclusive, lock_of
from loaders.errors import LoaderError
from loaders.sources import Request

if TYPE_CHECKING:
    from loaders.sources.dialects import Database

# A time zone is at most 14 hours ahead: what is later by any clock is no time of a change.
_AHEAD = timedelta(hours=15)
# Seconds by which a list of open transactions may be behind the rows that are read: InnoDB gives
# one of up to 0.1 s ago, in whole seconds; and more is committed until the snapshot is taken.
_LIST_LAG = 1


class Position(NamedTuple):
    """How far a table was read: the newest value found, and from where the next load reads.

    ``column`` is qualified by its relation. Both values are text in the source's type.
    """

    column: str
    newest: str
    read_from: str


def start(database: "Database", newest: str, overlap: int, *, is_zoned: bool) -> str | None:
    """From where the next load reads, when this one has read all up to ``newest``.

    It goes back by ``overlap`` (seconds, or units of a number), or to before the oldest transaction
    that is still open: its rows may carry an earlier time than the newest that was read. What is
    then still in the future, by any clock or, ``is_zoned``, by the database's, is no measure of
    what has been read; the next load reads what changed since yesterday. None where the value is
    no measure at all.
    """
    value = _value(newest)
    if not isinstance(value, datetime):
        return None if value is None else f"{value - overlap:f}"
    try:
        back = timedelta(seconds=max(overlap, database.oldest + _LIST_LAG))
        if value - back > database.now + (timedelta() if is_zoned else _AHEAD):
            value = database.now + _AHEAD - timedelta(days=2)
        return (value - back).isoformat(sep=" ")
    except OverflowError:
        raise LoaderError(f"overlap={overlap} seconds is too long.") from None


def falls(before: str, after: str) -> bool:
    """Whether a watermark went backwards, or became one of another kind."""
    values = _value(before), _value(after)
    return type(values[0]) is not type(values[1]) or values[1] < values[0]  # type: ignore[operator]


def _value(text: str) -> Decimal | datetime | None:
    """Return a number or a time (UTC); None where it has no order or no place in the calendar."""
    with suppress(InvalidOperation):
        return number if (number := Decimal(text)).is_finite() else None
    with suppress(ValueError):
        return datetime.fromisoformat(text).replace(tzinfo=None)
    return None


@contextmanager
def turn(link: Connection, source: str, request: Request) -> Iterator[None]:
    """Wait until no other load of a source runs, and hold others up.

    What one has read must be landed before the next one reads.
    """

    def wait_for_turn() -> None:
        if not request.wait:
            raise LoaderError(
                f"another load of {source} is running; leave out --no-wait to wait for it."
            )
        request.say(f"another load of {source} is running: waiting for it to end")

    with exclusive(link, wait_for_turn, lock_of(source)):
        yield


def known(link: Connection, source: str, scheme: str | None = None) -> dict[str, Position]:
    """Positions of a source's tables from which a load can go on, by raw table.

    Those are left out of which raw has nothing any more, or has what came later from elsewhere: not
    from this source, nor from another of the scheme, where one is given.
    """
    with link.cursor() as cursor:
        cursor.execute("select to_regclass('raw._watermarks')")
        if cursor.fetchone() == (None,):
            return {}
        cursor.execute(
            "select table_name, column_name, watermark, read_from"
            " from raw._watermarks as watermarks where source = %(source)s and not exists ("
            "select from raw._files as files join raw._batches as batches using (batch_id)"
            " where files.table_name = watermarks.table_name"
            " and files.batch_id > watermarks.batch_id"
            " and files.status = 'landed' and batches.source <> %(source)s"
            " and starts_with(batches.source, %(scheme)s) is not true)",
            {"source": source, "scheme": scheme},
        )
        found = {table: Position(*position) for table, *position in cursor.fetchall()}
        for name in list(found):
            table = sql.Identifier("raw", name)
            cursor.execute(sql.SQL("select from {} limit 1").format(table))
            if not cursor.rowcount:
                del found[name]
    return found


def remember(source: str, positions: Mapping[str, Position], cursor: Cursor, batch_id: int) -> None:
    """Note how far a batch has read, in its transaction."""
    for table, position in positions.items():
        cursor.execute(
            "delete from raw._watermarks where source = %s and table_name = %s", (source, table)
        )
        cursor.execute(
            "insert into raw._watermarks"
            " (source, table_name, column_name, watermark, read_from, batch_id)"
            " values (%s, %s, %s, %s, %s, %s)",
            (source, table, *position, batch_id),
        )
