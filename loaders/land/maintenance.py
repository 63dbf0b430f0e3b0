"""After the commit: the indexes that raw tables lack, and the planner's statistics."""

import threading
from collections.abc import Iterable
from contextlib import suppress

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from loaders.connection import connect
from loaders.errors import LoaderError
from loaders.land import ledger
from loaders.land.copy import names_of
from loaders.tables import ALL_TABLES, Table

# A tenth of the usual sample: 3,000 rows a table say nearly the same in a ninth of the time, which
# was a quarter of a first landing. Autovacuum takes the whole later.
_SAMPLE = "set default_statistics_target = 10"

Job = list[sql.Composable]


def indexes(table: Table) -> dict[str, sql.Composable]:
    """SQL of the indexes by which dbt reads a raw table, beside the one of its current key."""
    if not table.key:  # dbt reads it whole
        return {}
    columns = {"key": table.key}
    columns |= {name: (name,) for name in (*table.lookups, "_batch_id", "_until_batch_id")}
    return {
        (index := f"{table.name}_{name.strip('_')}_idx"): sql.SQL(
            "create index {} on {} ({}){}"
        ).format(
            sql.Identifier(index),
            ledger.raw(table),
            names_of(names),
            sql.SQL(" where _until_batch_id is not null" if name == "_until_batch_id" else ""),
        )
        for name, names in columns.items()
    }


def maintain(link: Connection, changed: Iterable[str] = ()) -> None:
    """Make what indexes ``raw`` lacks, and refresh the statistics of the changed tables of it.

    Nothing of it decides what is landed, so it comes when that is committed, on two connections.
    A load that was killed before it leaves it to the next one. The caller holds the lock of loads.
    """
    jobs = _jobs(link, set(changed))
    if not jobs:
        return
    failures: list[psycopg2.Error] = []
    helper = threading.Thread(target=_help, args=(jobs, failures), daemon=True)
    if len(jobs) > 1:
        helper.start()
    try:
        _work(link, jobs)
    finally:
        jobs.clear()  # where it was interrupted
        if helper.ident is not None:
            helper.join()
    if failures:
        raise failures[0]


def _jobs(link: Connection, changed: set[str]) -> list[Job]:
    """What there is to do, a table each: two connections would wait for each other at one table."""
    with link.cursor() as cursor:
        cursor.execute(
            "select relname, pg_table_size(oid) from pg_class"
            " where relnamespace = to_regnamespace('raw')"
        )
        sizes = dict(cursor.fetchall())
    link.commit()
    jobs = {}
    for table in ALL_TABLES:
        job = [make for index, make in indexes(table).items() if index not in sizes]
        if table.name in sizes and (job or table.name in changed):
            jobs[table.name] = [*job, sql.SQL("analyze {}").format(ledger.raw(table))]
    return [jobs[name] for name in sorted(jobs, key=lambda name: -sizes[name])]


def _help(jobs: list[Job], failures: list[psycopg2.Error]) -> None:
    # Where no connection is left, the other one does it all. One that is lost fails in its end too.
    try:
        with suppress(LoaderError), connect() as link:
            _work(link, jobs)
    except psycopg2.Error as error:
        failures.append(error)


def _work(link: Connection, jobs: list[Job]) -> None:
    with link.cursor() as cursor:
        cursor.execute(_SAMPLE)
        with suppress(IndexError):  # the other one took the last
            while True:
                for statement in jobs.pop(0):
                    cursor.execute(statement)
                link.commit()
        cursor.execute("reset default_statistics_target")
    link.commit()
