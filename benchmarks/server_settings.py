"""The embedded server's tuned settings against PostgreSQL's defaults, and without each of them.

One server in a temporary folder is restarted for every measurement and does the same work in a new
schema each time: load, aggregate, join, index, merge, commit, two sessions at once.
"""

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from unittest import mock

import psycopg2

from benchmarks.measure import Measure
from benchmarks.settings import Settings
from loaders.server import down, machine, up
from loaders.tables import BY_NAME

NAME, DEFAULT, TUNED, WAL = "server_settings", "defaults", "tuned", "WAL"
TABLES = {
    "geolocation": "zip, lat, lng, city, state",
    "customers": "customer_id, unique_id, zip, city, state",
    "orders": "order_id, customer_id, status, purchased, approved, carried, delivered, estimated",
    "order_items": "order_id, item, product_id, seller_id, shipping_limit, price, freight",
}
GROUP = """create table {0} as select zip, city, state, count(*) n, sum(lat::numeric) lat,
    sum(lng::numeric) lng, avg(lat::numeric) mean from geolocation group by zip, city, state"""
DEDUPE = """create table {0} as select zip, city, state from (select *, row_number() over
    (partition by zip order by city, lat) nth from geolocation) t where nth = 1"""
JOIN = """create table {0} as select i.order_id, i.item::int, i.price::numeric price,
    i.freight::numeric freight, o.purchased::timestamp purchased, c.unique_id, c.city, c.state
    from order_items i join orders o using (order_id) join customers c using (customer_id)"""
REPORT = """create table {0} as select c.state, date_trunc('month', o.purchased::timestamp) m,
    count(distinct c.unique_id) customers, sum(i.price::numeric) price
    from order_items i join orders o using (order_id) join customers c using (customer_id)
    group by 1, 2"""
COMMITS = 300


def measures(settings: Settings) -> Sequence[Measure]:
    """Each step as tuned, against the defaults; then all steps as tuned, against one setting less.

    A ratio below 1 says that the setting pays.
    """
    variants = _variants()
    times: dict[str, list[dict[str, float]]] = {name: [] for name in variants}
    for _ in range(settings.repeats):
        for name, values in variants.items():
            times[name].append(_measured(values, settings.data))

    def figures(variant: str, step: str) -> tuple[float, ...]:
        return tuple(took[step] for took in times[variant])

    steps = times[TUNED][0]
    return [
        *(
            Measure(NAME, step, figures(TUNED, step), DEFAULT, figures(DEFAULT, step), unit=unit)
            for step in steps
            for unit in ["MB" if step == WAL else "s"]
        ),
        *(
            Measure(NAME, "all", figures(TUNED, "all"), variant, figures(variant, "all"))
            for variant in variants
            if variant not in {TUNED, DEFAULT}
        ),
    ]


def _variants() -> dict[str, Mapping[str, str]]:
    tuned = machine.settings(machine.measure())
    variants: dict[str, Mapping[str, str]] = {DEFAULT: {}, TUNED: tuned}
    for left_out in tuned:
        kept = {name: value for name, value in tuned.items() if name != left_out}
        if left_out == "max_wal_senders":
            continue  # belongs to wal_level = minimal, which does not start without it
        if left_out == "wal_level":
            kept.pop("max_wal_senders", None)
        variants[f"without {left_out}"] = kept
    return variants


def _measured(values: Mapping[str, str], data: Path) -> dict[str, float]:
    """What the work took on a server with these settings, made for it."""
    with tempfile.TemporaryDirectory(prefix="olist-bench-") as home:
        # The server's account must be able to pass, wherever root's umask stands.
        Path(home).chmod(0o711)
        with (
            mock.patch.dict(os.environ, {"OLIST_HOME": home}),
            mock.patch.object(machine, "settings", return_value=dict(values)),
        ):
            environment = up(lambda _: None)
            try:
                return _work(environment, data)
            finally:
                down(lambda _: None)


def _work(environment: dict[str, str], data: Path) -> dict[str, float]:
    """Seconds of each step of a small warehouse build, and megabytes of log that it wrote."""
    took: dict[str, float] = {}
    with closing(_connect(environment)) as connection, connection.cursor() as cursor:
        cursor.execute("drop schema if exists work cascade; create schema work; checkpoint")
        cursor.execute("select pg_current_wal_lsn()")
        (begin,) = cursor.fetchone() or [None]

        def step(name: str, *statements: str) -> None:
            with _clock(took, name):
                for statement in statements:
                    cursor.execute(statement)

        with _clock(took, "load"):
            for table, columns in TABLES.items():
                cursor.execute("begin")
                cursor.execute(f"create table {table} ({columns.replace(',', ' text,')} text)")
                with (data / BY_NAME[table].file).open("rb") as file:
                    cursor.copy_expert(f"copy {table} from stdin with (format csv, header)", file)
                cursor.execute("commit")
        step("analyze", *(f"analyze {table}" for table in TABLES))
        step("group", GROUP.format("a1"))
        step("dedupe", DEDUPE.format("a2"))
        step("join", JOIN.format("a3"))
        step("report", REPORT.format("a4"))
        step(
            "keys",
            "alter table a3 add primary key (order_id, item)",
            "create index on a3 (unique_id)",
            "create index on geolocation (zip)",
        )
        step(
            "merge",
            "insert into a3 select * from a3 on conflict (order_id, item) do update set "
            "price = excluded.price where a3.price is distinct from excluded.price + 1",
        )
        cursor.execute("create table ledger (n int)")
        step("commits", *["insert into ledger values (1)"] * COMMITS)
        with _clock(took, "two at once"):
            _both(
                lambda: _alone(environment, GROUP.format("b1"), JOIN.format("b2")),
                lambda: _alone(environment, DEDUPE.format("b3"), REPORT.format("b4")),
            )
        took["all"] = sum(took.values())
        cursor.execute("select pg_wal_lsn_diff(pg_current_wal_lsn(), %s) / 1e6", (begin,))
        (took[WAL],) = map(float, cursor.fetchone() or [])
        cursor.execute("drop schema work cascade")
    return took


def _both(*works: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _alone(environment: dict[str, str], *statements: str) -> None:
    with closing(_connect(environment)) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@contextmanager
def _clock(took: dict[str, float], name: str) -> Iterator[None]:
    begin = time.perf_counter()
    yield
    took[name] = time.perf_counter() - begin


def _connect(environment: dict[str, str]) -> "psycopg2.extensions.connection":
    connection = psycopg2.connect(
        host=environment["PGHOST"],
        port=environment["PGPORT"],
        user=environment["PGUSER"],
        password=environment["PGPASSWORD"],
        dbname=environment["PGDATABASE"],
        options="-c search_path=work",
    )
    connection.autocommit = True
    return connection
