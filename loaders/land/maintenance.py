"""Indexes and statistics of raw tables, and two connections at work on them."""

import threading
from collections.abc import Callable, Iterable
from functools import partial

from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from loaders.connection import connect
from loaders.land import ledger
from loaders.land.copy import composed, run
from loaders.tables import ALL_TABLES, Table

Job = Callable[[Connection], object]


def indexes(table: Table) -> dict[str, sql.Composable]:
    """SQL of the indexes by which dbt reads a raw table, beside the one of its current key.

    The key of closed versions has one of its own: PostgreSQL puts the two together.
    """
    if not table.key:  # dbt reads it whole
        return {}
    return {
        (index := f"{table.name}_{name.strip('_')}_idx"): composed(
            "create index {index} on {raw} ({column}) {closed}",
            index=sql.Identifier(index),
            raw=ledger.raw(table),
            column=(name,),
            closed=sql.SQL("" if name == "_batch_id" else "where _until_batch_id is not null"),
        )
        for name in (table.key[0], "_batch_id", "_until_batch_id")
    }


def maintain(link: Connection, changed: Iterable[str] = ()) -> None:
    """Make what indexes ``raw`` lacks, and refresh the statistics of the changed tables of it.

    Nothing of it decides what is landed, so it comes when that is committed. A load that was killed
    before it leaves it to the next one. The caller holds the lock of loads.
    """
    with link.cursor() as cursor:
        cursor.execute(
            "select relname, pg_table_size(oid) from pg_class"
            " where relnamespace = to_regnamespace('raw')"
        )
        sizes = dict(cursor.fetchall())
    link.commit()

    def finish(table: Table, link: Connection) -> None:
        with link.cursor() as cursor:
            for index, statement in indexes(table).items():
                if index not in sizes:
                    cursor.execute(statement)
            # A tenth of the usual sample: 3,000 rows say nearly the same in a ninth of the time,
            # which was a quarter of a first landing. Autovacuum takes the whole later.
            cursor.execute("set local default_statistics_target = 10")
            run(cursor, "analyze {raw}", raw=ledger.raw(table))
        link.commit()

    todo = [
        table
        for table in ALL_TABLES
        if table.name in sizes
        and (table.name in changed or not indexes(table).keys() <= sizes.keys())
    ]
    todo.sort(key=lambda table: -sizes[table.name])
    in_two(link, [partial(finish, table) for table in todo])


def in_two(link: Connection, jobs: list[Job]) -> None:
    """Work through jobs on this connection and, where there is another one, on that one, too.

    Raises what a job raised; no further one is begun then.
    """
    second: list[Connection] = []
    failures: list[BaseException] = []

    def work(link: Connection) -> None:
        # Workers of PostgreSQL sort an index by way of files, and both connections are busy anyway.
        with link.cursor() as cursor:
            cursor.execute("set max_parallel_maintenance_workers = 0")
        link.commit()
        while jobs:
            try:
                job = jobs.pop(0)
            except IndexError:  # the other one took the last
                return
            job(link)

    def assist() -> None:
        try:
            with connect() as other:
                second.append(other)
                work(other)
        except BaseException as error:  # it is raised in the first thread
            if second:  # else no connection is left, and the first one does it all
                failures.append(error)
                jobs.clear()

    helper = threading.Thread(target=assist, daemon=True)
    if len(jobs) > 1:
        helper.start()
    try:
        work(link)
    except BaseException:
        jobs.clear()
        for other in second:
            other.cancel()
        raise
    finally:
        if helper.ident is not None:
            helper.join()
    if failures:
        raise failures[0]
