"""What ``olist status`` prints: the server, the last batches and build, the rows of raw tables."""

import json
from contextlib import suppress
from typing import Any

from psycopg2 import sql

from loaders import connection, quality, server
from loaders.errors import LoaderError
from loaders.land import Counts, ledger
from loaders.tables import ALL_TABLES

NOTHING_LANDED = "nothing landed yet: run 'olist land'"
_BATCHES = 10  # of the last

Rows = list[dict[str, Any]]


def status(form: str | None = None) -> None:
    """Print the server in use, and, when it answers, what was landed in it.

    As ``json`` it is one object of ``server``, ``batches`` (the newest first), ``tables``,
    ``streams``, and ``freshness``: the row of reports.rpt_freshness, null before the first build.
    As ``prometheus`` it is figures to collect. Raises LoaderError when a server is named by the
    environment and cannot be reached.
    """
    named = connection.external()
    where = named or server.environment() or {}
    place = f"{where.get('PGHOST')}:{where.get('PGPORT')}/{where.get('PGDATABASE')}"
    described = f"server of the environment: {place}" if named else server.describe()
    is_running = named is not None or server.is_running()
    batches, tables, built = _landed() if is_running else ([], [], None)
    streams = _streams() if batches else []
    if form == "prometheus":
        _print_metrics(_totals() if batches else [], tables, streams, built)
    elif form == "json":
        found = {"description": described, "running": is_running, "embedded": named is None}
        found |= {name: where.get(f"PG{name.upper()}") for name in ("host", "port", "database")}
        whole = {"server": found, "batches": batches, "tables": tables, "streams": streams}
        print(json.dumps(whole | {"freshness": built}, indent=2))
    else:
        print(described)
        _print(batches, tables, streams, built)
        if not is_running:
            print("Start it: .venv/bin/olist up")
        elif not batches:
            print(NOTHING_LANDED)


def _print(batches: Rows, tables: Rows, streams: Rows, built: quality.Row | None) -> None:
    for batch in batches:
        counts = Counts(*(batch[f"rows_{name}"] or 0 for name in vars(Counts())))
        what = ledger.of_source(batch["source"], batch["error"] or str(counts))
        began = quality.moment(batch["started_at"])
        kind = f"{batch['mode']:<8}  {batch['status']:<9}"
        print(f"batch {batch['batch_id']:>5}  {began}  {kind}  {what}")
    for table in tables:
        name, last = table["table_name"], table["last_batch_id"] or "none"
        counted = f"{table['rows']:>11,} rows, {table['versions']:>11,} versions"
        print(f"raw.{name:<34} {counted}, last batch {last}")
    for part in streams:
        lag = "an unknown number of" if part["lag"] is None else f"{part['lag']:,}"
        age = "none yet" if part["age"] is None else f"{part['age']:,.0f} s old"
        print(f"{part['topic']}, partition {part['partition']}: {lag} events to land; newest {age}")
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
        there = ledger.raw_columns(cursor)  # a load that failed makes none
        for table in (table for table in ALL_TABLES if table.name in there):
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


def _streams() -> Rows:
    """Each partition that is streamed: how many events wait, and how old the newest in raw is."""
    with connection.connect() as link, link.cursor() as cursor:
        cursor.execute(
            "select jsonb_build_object('topic', topic, 'partition', partition,"
            " 'next_offset', next_offset, 'age', extract(epoch from now() - last_event_at),"
            " 'source', source, 'lag', null) from raw._offsets join raw._batches using (batch_id)"
            " order by topic, partition"
        )
        found = [part for (part,) in cursor.fetchall()]
    for location in {part["source"] for part in found}:
        for (topic, number), (_, end) in _ends(location).items():
            for part in found:
                if (part["topic"], part["partition"]) == (topic, number):
                    part["lag"] = max(0, end - part["next_offset"])
    return found


def _ends(location: str) -> dict[tuple[str, int], tuple[int, int]]:
    """Offsets of the brokers; none where they do not answer, or need more than the ledger knows."""
    with suppress(ImportError, LoaderError):
        from loaders.sources.kafka import ends, parse, reading  # noqa: PLC0415 - an extra

        address = parse(location)
        with reading(address) as consumer:
            return ends(consumer, address.tables, patience=2)[1]
    return {}


def _totals() -> list[tuple[Any, ...]]:
    """By status: batches, rows new, changed, removed, rejected, and when the last one landed."""
    with connection.connect() as link, link.cursor() as cursor:
        cursor.execute(
            "select status, count(*), sum(rows_new), sum(rows_changed), sum(rows_removed),"
            " sum(rows_rejected), extract(epoch from max(finished_at)) from raw._batches group by 1"
        )
        return cursor.fetchall()


def _print_metrics(
    kinds: list[tuple[Any, ...]], tables: Rows, streams: Rows, built: quality.Row | None
) -> None:
    """Print figures in Prometheus' text format."""
    figures: dict[str, list[tuple[dict[str, Any], Any]]] = {
        "batches_total": [({"status": kind[0]}, kind[1]) for kind in kinds],
        **{
            f"rows_{name}_total": [({}, sum(kind[place] for kind in kinds))]
            for place, name in enumerate(("new", "changed", "removed", "rejected"), 2)
        },
        "last_batch_timestamp_seconds": [({}, kind[6]) for kind in kinds if kind[0] == "landed"],
        "table_rows": [({"table": one["table_name"]}, one["rows"]) for one in tables],
    }
    for figure, name in (("lag", "lag_events"), ("age", "newest_event_age_seconds")):
        figures[f"stream_{name}"] = [
            ({"topic": part["topic"], "partition": part["partition"]}, part[figure])
            for part in streams
        ]
    if built:
        figures["batches_behind"] = [({}, built["batches_behind"])]
        figures["tests"] = [
            ({"status": kind}, built[f"tests_{kind}"])
            for kind in ("passed", "warned", "failed", "skipped")
        ]
    for name, values in figures.items():
        print(f"# TYPE olist_{name} {'counter' if name.endswith('_total') else 'gauge'}")
        for labels, value in values:
            if value is not None:
                named = ",".join(f'{label}="{text}"' for label, text in labels.items())
                print(f"olist_{name}{{{named}}} {value}")
