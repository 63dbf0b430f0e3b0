"""What ``olist status`` prints: the server, the last batches, the rows of each raw table."""

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

NOTHING_LANDED = "nothing landed yet: run 'olist land'"

# Column of raw._batches, and its title.
_BATCH = {
    "batch_id": "batch",
    "started_at": "started",
    "mode": "mode",
    "status": "status",
    "rows_read": "read",
    "rows_new": "new",
    "rows_changed": "changed",
    "rows_removed": "removed",
    "rows_rejected": "rejected",
    "seconds": "seconds",
}

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
        with connection.connect() as link:
            landed = _landed(link, batches)
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


def _landed(link: Connection, limit: int) -> tuple[Rows, Rows]:
    """The last batches, and each raw table with its current rows and all versions of them."""
    with link.cursor() as plain:
        if not ledger.exists(plain):
            return [], []
    with link.cursor(cursor_factory=RealDictCursor) as cursor:
        columns = sql.SQL(", ").join(map(sql.Identifier, (*_BATCH, "source", "finished_at")))
        cursor.execute(
            sql.SQL("select {}, error from raw._batches order by batch_id desc limit %s").format(
                columns
            ),
            (limit,),
        )
        batches = [dict(batch) for batch in cursor.fetchall()]
        tables: Rows = []
        for table in ALL_TABLES:
            cursor.execute(
                sql.SQL(
                    "select %s as table_name, count(*) filter (where _until_batch_id is null) as"
                    " rows, count(*) as versions,"
                    " greatest(max(_batch_id), max(_until_batch_id)) as last_batch_id from {}"
                ).format(sql.Identifier("raw", table.name)),
                (table.name,),
            )
            tables += [
                dict(row) for row in cursor.fetchall() if row["versions"] or table not in OPTIONAL
            ]
    return batches, tables


def _print(batches: Rows, tables: Rows, say: Callable[[str], None]) -> None:
    if not batches:
        say(NOTHING_LANDED)
        return
    say("")
    print_table(
        (*_BATCH.values(), "what"),
        [(*map(batch.get, _BATCH), batch["error"] or batch["source"]) for batch in batches],
        say,
    )
    say("")
    print_table(
        ("table", "rows", "versions", "last batch"),
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
