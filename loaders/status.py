"""What ``olist status`` tells: the server, the last batches, the rows of each raw table."""

import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extras import RealDictCursor

from loaders import connection, server
from loaders.land import ledger
from loaders.tables import ALL_TABLES, OPTIONAL
from loaders.text_table import print_table

_BATCHES = """
select
    batch_id, source, mode, status, started_at, finished_at, seconds,
    rows_read, rows_new, rows_changed, rows_removed, rows_rejected, error
from raw._batches
order by batch_id desc
limit %s
"""

_BATCH_COLUMNS = (
    ("batch", "batch_id"),
    ("started", "started_at"),
    ("mode", "mode"),
    ("status", "status"),
    ("read", "rows_read"),
    ("new", "rows_new"),
    ("changed", "rows_changed"),
    ("removed", "rows_removed"),
    ("rejected", "rows_rejected"),
    ("seconds", "seconds"),
)

Rows = list[dict[str, Any]]


def status(*, batches: int = 10, as_json: bool = False, say: Callable[[str], None] = print) -> None:
    """Print the server in use, and, when it answers, what was landed in it.

    ``batches`` is how many of the last are shown. As JSON it is one object of ``server``,
    ``batches`` (the newest first) and ``tables``. Raises LoaderError when a server is named by the
    environment and cannot be reached.
    """
    found = _server()
    landed: tuple[Rows, Rows] = ([], [])
    if found["running"]:
        with connection.connect() as link, link.cursor() as cursor:
            if ledger.exists(cursor):
                landed = _batches(link, batches), _tables(link)
    if as_json:
        whole = {"server": found, "batches": landed[0], "tables": landed[1]}
        say(json.dumps(whole, indent=2, default=_plain))
        return
    say(found["description"])
    if found["running"]:
        _print(*landed, say)


def _server() -> dict[str, Any]:
    named = connection.external()
    where = named or server.environment() or {}
    place = f"{where.get('PGHOST')}:{where.get('PGPORT')}/{where.get('PGDATABASE')}"
    return {
        "description": f"server of the environment: {place}" if named else server.describe(),
        "embedded": named is None,
        "running": named is not None or server.is_running(),
        "host": where.get("PGHOST"),
        "port": int(where["PGPORT"]) if where else None,
        "database": where.get("PGDATABASE"),
    }


def _batches(link: Connection, limit: int) -> Rows:
    with link.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(_BATCHES, (limit,))
        return [dict(batch) for batch in cursor.fetchall()]


def _tables(link: Connection) -> Rows:
    found: Rows = []
    with link.cursor(cursor_factory=RealDictCursor) as cursor:
        for table in ALL_TABLES:
            cursor.execute(
                sql.SQL(
                    "select %s as table_name, count(*) filter (where _deleted_at is null) as rows,"
                    " count(_deleted_at) as removed, max(_batch_id) as last_batch_id from {}"
                ).format(sql.Identifier("raw", table.name)),
                (table.name,),
            )
            found += [dict(row) for row in cursor.fetchall()]
    optional = {table.name for table in OPTIONAL}
    return [row for row in found if row["last_batch_id"] or row["table_name"] not in optional]


def _print(batches: Rows, tables: Rows, say: Callable[[str], None]) -> None:
    if not batches:
        say("nothing landed yet: 'olist land PATH'")
        return
    say("")
    print_table(
        (*(title for title, _ in _BATCH_COLUMNS), "what"),
        [
            (*(batch[column] for _, column in _BATCH_COLUMNS), batch["error"] or batch["source"])
            for batch in batches
        ],
        say,
    )
    say("")
    print_table(
        ("table", "rows", "removed", "last batch"),
        [(f"raw.{row['table_name']}", *list(row.values())[1:]) for row in tables],
        say,
    )


def _plain(value: object) -> object:
    """Value for JSON: seconds as a number, times in ISO 8601."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"no JSON for {type(value).__name__}")
