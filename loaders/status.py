"""What ``olist status`` prints: the server, the last batches, the rows of each raw table."""

from collections.abc import Callable, Sequence

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loaders import connection, server
from loaders.tables import TABLES

_SHOWN = 10


def status(say: Callable[[str], None] = print) -> None:
    """Print the server in use, and, when it answers, what was landed in it.

    Raises LoaderError when a server is named by the environment and cannot be reached.
    """
    named = connection.external()
    if named is None:
        say(server.describe())
        if not server.is_running():
            return
    else:
        say(f"server of the environment: {named['PGHOST']}:{named['PGPORT']}/{named['PGDATABASE']}")
    with connection.connect() as link, link.cursor() as cursor:
        cursor.execute("select to_regclass('raw._batches') is not null")
        if cursor.fetchone() != (True,):
            say("nothing landed yet: 'olist land PATH'")
            return
        _batches(cursor, say)
        _tables(cursor, say)


def _batches(cursor: Cursor, say: Callable[[str], None]) -> None:
    cursor.execute(
        "select batch_id, to_char(started_at, 'YYYY-MM-DD HH24:MI'), mode, status, rows_new,"
        " rows_changed, rows_removed, seconds, coalesce(error, source)"
        " from raw._batches order by batch_id desc limit %s",
        (_SHOWN,),
    )
    header = ("batch", "started", "mode", "status", "new", "changed", "removed", "seconds", "what")
    say("")
    _print_table(header, cursor.fetchall(), say)


def _tables(cursor: Cursor, say: Callable[[str], None]) -> None:
    rows = []
    for table in TABLES:
        cursor.execute(
            sql.SQL(
                "select count(*) filter (where _deleted_at is null), count(_deleted_at),"
                " max(_batch_id) from {}"
            ).format(sql.Identifier("raw", table.name))
        )
        rows.append((f"raw.{table.name}", *(cursor.fetchone() or ())))
    say("")
    _print_table(("table", "rows", "removed", "last batch"), rows, say)


def _print_table(
    header: Sequence[str], rows: Sequence[Sequence[object]], say: Callable[[str], None]
) -> None:
    """Print aligned columns: numbers to the right, text to the left; the last is not padded."""
    cells = [
        [f"{value:,}" if isinstance(value, int) else str(value or "") for value in row]
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    numeric = [any(isinstance(row[i], int) for row in rows) for i in range(len(header))]
    for line in (header, *cells):
        say(
            "  ".join(
                cell.rjust(width) if right else cell.ljust(width)
                for cell, width, right in zip(line, widths, numeric, strict=True)
            ).rstrip()
        )
