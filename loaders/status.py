"""What ``olist status`` prints: the server, the last batches and build, the rows of raw tables."""

import json
from typing import Any

from psycopg2 import sql

from loaders import connection, quality, server
from loaders.land import Counts, ledger
from loaders.tables import ALL_TABLES

NOTHING_LANDED = "nothing landed yet: run 'olist land'"
_BATCHES = 10  # of the last

Rows = list[dict[str, Any]]


def status(*, as_json: bool = False) -> None:
    """Print the server in use, and, when it answers, what was landed in it.

    As JSON it is one object of ``server``, ``batches`` (the newest first), ``tables``, and
    ``freshness``: the row of reports.rpt_freshness, null before the first build. Raises
    LoaderError when a server is named by the environment and cannot be reached.
    """
    named = connection.external()
    where = named or server.environment() or {}
    place = f"{where.get('PGHOST')}:{where.get('PGPORT')}/{where.get('PGDATABASE')}"
    described = f"server of the environment: {place}" if named else server.describe()
    is_running = named is not None or server.is_running()
    batches, tables, built = _landed() if is_running else ([], [], None)
    if as_json:
        found = {"description": described, "running": is_running, "embedded": named is None}
        found |= {name: where.get(f"PG{name.upper()}") for name in ("host", "port", "database")}
        whole = {"server": found, "batches": batches, "tables": tables, "freshness": built}
        print(json.dumps(whole, indent=2))
        return
    print(described)
    if not is_running:
        print("Start it: .venv/bin/olist up")
    if is_running and not batches:
        print(NOTHING_LANDED)
    for batch in batches:
        counts = Counts(*(batch[f"rows_{name}"] or 0 for name in vars(Counts())))
        what = batch["error"] or f"{batch['source']}: {counts}"
        began = quality.moment(batch["started_at"])
        kind = f"{batch['mode']:<8}  {batch['status']:<9}"
        print(f"batch {batch['batch_id']:>5}  {began}  {kind}  {what}")
    for table in tables:
        name, last = table["table_name"], table["last_batch_id"] or "none"
        counted = f"{table['rows']:>11,} rows, {table['versions']:>11,} versions"
        print(f"raw.{name:<34} {counted}, last batch {last}")
    for sentence in quality.sentences(built) if batches else ():
        print(sentence)


def _landed() -> tuple[Rows, Rows, quality.Row | None]:
    """The last batches, each raw table with its rows and their versions, and the last build."""
    with connection.connect() as link, link.cursor() as cursor:
        if not ledger.exists(cursor):
            return [], [], None
        cursor.execute(
            "select to_jsonb(batch) from raw._batches as batch order by batch_id desc limit %s",
            (_BATCHES,),
        )
        batches = [batch for (batch,) in cursor.fetchall()]
        tables = []
        for table in ALL_TABLES:
            statement = (
                "select jsonb_build_object('rows', count(*) filter (where _until_batch_id is null),"
                " 'versions', count(*), 'last_batch_id', greatest(max(_batch_id),"
                " max(_until_batch_id))) from {}"
            )
            cursor.execute(sql.SQL(statement).format(ledger.raw(table)))
            ((found,),) = cursor.fetchall()
            if found["versions"] or not table.is_optional:
                tables.append({"table_name": table.name, **found})
        return batches, tables, quality.freshness(cursor)
