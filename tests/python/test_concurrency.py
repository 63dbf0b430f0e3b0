"""Several loads at once, and loads during a dbt build."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from concurrency import Rows, ask, asking, ended, olist, open_session
from conftest import Query, write_csv
from crash import run_load, until
from exports import SNAPSHOT, exports
from loaders.connection import LANDING
from loaders.tables import TABLES
from warehouse import FACTS, MARTS, STAR, Warehouse

WAITING = "another load is running: waiting for it to end"
# Who waits for whose lock, where one of them is a load and the other is not.
WAITS = (
    "select waiter.query, holder.query from pg_stat_activity as waiter,"
    " unnest(pg_blocking_pids(waiter.pid)) as blocking"
    " join pg_stat_activity as holder on holder.pid = blocking"
    " where (waiter.application_name = 'olist') <> (holder.application_name = 'olist')"
)


@contextmanager
def load_running(variables: dict[str, str]) -> Iterator[None]:
    """Hold the lock of loads."""
    session = open_session(variables)
    with session.cursor() as cursor:
        cursor.execute(f"select pg_advisory_lock({LANDING})")
    yield
    session.close()


def test_three_loads_at_once_queue(database: dict[str, str], tmp_path: Path, query: Query) -> None:
    for name in "abc":
        write_csv(tmp_path / name, "sellers", f"s{name},01037,sao paulo,SP")
    with load_running(database):
        status, said = ended(olist(database, "land", tmp_path / "a", "--no-wait"))
        wait = "another load is running; leave out --no-wait to wait for it."
        assert (status, said) == (1, f"olist: {wait}\n")
        assert query("select to_regclass('raw._batches')") == [(None,)]
        loads = [olist(database, "land", tmp_path / name) for name in "abc"]
        waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        with until(lambda: ask(database, waiting) == [(3,)]):
            pass
    for status, said in map(ended, loads):
        assert status == 0, said
        assert WAITING in said
    assert query("select batch_id, status, rows_new from raw._batches order by 1") == [
        (1, "landed", 1),
        (2, "landed", 1),
        (3, "landed", 1),
    ]
    # a load that had to wait is dated by when it landed
    assert query(
        "select count(*) from raw._batches as one join raw._batches as other"
        " on one.batch_id < other.batch_id where one.finished_at > other.started_at"
    ) == [(0,)]


def test_the_state_as_of_a_batch_stays(database: dict[str, str], tmp_path: Path) -> None:
    """New, changed, removed, returning and keyless rows, over several loads."""
    history = exports(tmp_path, 0.001)
    states: dict[int, Rows] = {}
    for _ in range(2):
        export = next(history)
        later = next(history)
        points = later / "olist_geolocation_dataset.csv"
        points.write_text("".join(points.read_text("utf-8").splitlines(True)[:-3]), "utf-8")
        for folder in (export, later, export):  # the last changes all of it back
            run_load(database, str(folder), *SNAPSHOT)
            states[len(states) + 1] = state(database, len(states) + 1)
    assert {batch: state(database, batch) for batch in states} == states
    assert states[1] == states[3]
    assert states[1] != states[2]


def state(variables: dict[str, str], batch: int) -> Rows:
    """Number and checksum of the rows that each raw table had as of a batch."""
    queries = (
        f"select '{table.name}', count(*), md5(string_agg(line, ',' order by line)) from"
        f" (select row({', '.join(table.columns)})::text as line from raw.{table.name}"
        f" where _batch_id <= {batch} and (_until_batch_id is null or _until_batch_id > {batch}))"
        " as lines"
        for table in TABLES
    )
    return sorted(ask(variables, " union all ".join(queries)))


def test_loads_during_a_build(warehouse: Warehouse, tmp_path: Path) -> None:
    """Neither waits for the other, every test of the build holds, and the next one catches up."""
    history = exports(tmp_path, 0.005)
    first = str(next(history))
    run_load(warehouse.variables, first, *SNAPSHOT)
    warehouse.dbt("build", *STAR)
    over, results = threading.Event(), list[tuple[int, str]]()

    def land() -> None:
        while not over.is_set():
            load = ("land", next(history), *SNAPSHOT)
            results.append(ended(olist(warehouse.variables, *load)))

    run_load(warehouse.variables, str(next(history)), *SNAPSHOT)
    loads = threading.Thread(target=land)
    loads.start()
    try:
        with asking(warehouse.variables, WAITS, every=0.02) as waits:
            warehouse.dbt("build", "--exclude-resource-type", "unit_test")
    finally:
        over.set()
        loads.join()
    assert len(results) > 3
    assert {status for status, _ in results} == {0}, results
    assert waits.asked > 100
    assert waits.answers == {WAITS: set()}
    ((pinned, newest),) = warehouse.query(
        "select batch_id, (select max(batch_id) from raw._batches) from staging._pin"
    )
    assert newest > pinned
    for fact in FACTS:
        assert warehouse.query(f"select max(_batch_id) from marts.{fact}") == [(pinned,)]

    # a test does not move the pin: what has landed since is no fault of the facts
    warehouse.dbt("test", "--select", "assert_orders_match_staging")
    warehouse.dbt("build", *STAR)
    caught_up = warehouse.marts(MARTS)
    warehouse.dbt("build", *STAR, "--full-refresh")
    assert warehouse.marts(MARTS) == caught_up
