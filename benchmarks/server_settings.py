"""Measures the embedded server's tuned settings against PostgreSQL's defaults.

    python benchmarks/server_settings.py                         # synthetic data
    python benchmarks/server_settings.py --folder ~/olist        # the real CSV files
    python benchmarks/server_settings.py --each                  # tuned without each setting, too
    python benchmarks/server_settings.py --set jit=on --set io_method=sync

One server in a temporary folder is restarted for every measurement and does the same work in a
new schema each time; the variants take turns, so that a slow minute hits all of them. The table
shows medians in seconds and, for each variant, the ratio to the defaults (below 1 is faster).
"""

import argparse
import os
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from unittest import mock

import psycopg2

from loaders.server import binaries, down, machine, tuning, up

Settings = dict[str, str]
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


def main() -> None:
    """Read the command line, measure, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--folder", type=Path, help="folder of the real CSV files")
    parser.add_argument("--runs", type=int, default=5, help="measurements per variant")
    parser.add_argument("--each", action="store_true", help="also tuned without each setting")
    parser.add_argument("--set", action="append", default=[], help="also tuned with NAME=VALUE")
    parser.add_argument("--at", type=Path, help="make the server under this folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.at) as folder:
        # The server's account must be able to pass, wherever root's umask stands.
        Path(folder).chmod(0o711)
        os.environ["OLIST_HOME"] = folder
        files = _files(arguments.folder) if arguments.folder else _synthetic(Path(folder))
        variants = _variants(arguments.each, arguments.set)
        times: dict[str, list[dict[str, float]]] = {name: [] for name in variants}
        for _ in range(arguments.runs):
            for name, settings in variants.items():
                with mock.patch.object(tuning, "settings", lambda *_, s=settings: s):
                    environment = up(lambda _: None)
                    try:
                        times[name].append(_work(environment, files))
                    finally:
                        down(lambda _: None)
        _print(times)


def _variants(each: bool, wanted: list[str]) -> dict[str, Settings]:
    installation = binaries.choose(None, Path())
    tuned = tuning.settings(machine.measure())
    print(f"PostgreSQL {installation.version}, {machine.measure()}")
    variants: dict[str, Settings] = {"default": {}, "tuned": tuned}
    if each:
        for left_out in tuned:
            kept = {name: value for name, value in tuned.items() if name != left_out}
            if left_out == "max_wal_senders":
                continue  # belongs to wal_level = minimal, which does not start without it
            if left_out == "wal_level":
                kept.pop("max_wal_senders", None)
            variants[f"no {left_out}"] = kept
    for assignment in wanted:
        changes = dict(part.split("=", 1) for part in assignment.split(","))
        variants[assignment] = {**tuned, **changes}
    return variants


def _work(environment: dict[str, str], files: dict[str, Path]) -> dict[str, float]:
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
                with files[table].open("rb") as file:
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
        (took["WAL (MB)"],) = map(float, cursor.fetchone() or [])
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


def _print(times: dict[str, list[dict[str, float]]]) -> None:
    steps = list(times["default"][0])
    medians = {
        name: {step: statistics.median(run[step] for run in runs) for step in steps}
        for name, runs in times.items()
    }
    width = max(len(name) for name in times) + 2
    print(" " * width + "".join(f"{step:>13}" for step in steps))
    for name, row in medians.items():
        cells = (f"{row[s]:7.3f} x{row[s] / medians['default'][s]:4.2f}" for s in steps)
        print(f"{name:<{width}}" + "".join(f"{cell:>13}" for cell in cells))


def _files(folder: Path) -> dict[str, Path]:
    return {table: folder / f"olist_{table}_dataset.csv" for table in TABLES}


def _synthetic(folder: Path) -> dict[str, Path]:
    """Files of the real ones' sizes and shapes, the same ones every time."""
    draw = random.Random(1)  # noqa: S311
    cities = [f"city of {n}" for n in range(8000)]
    states = [f"S{n}" for n in range(27)]
    keys = [f"{draw.getrandbits(128):032x}" for _ in range(100_000)]
    day = "2018-0{}-1{} 10:{}:00"

    def moment() -> str:
        return day.format(draw.randint(1, 9), draw.randint(0, 9), draw.randint(10, 59))

    def place() -> str:
        n = draw.randrange(19_000)
        at = f"{draw.uniform(-33, 5)},{draw.uniform(-72, -34)}"
        return f"{n:05},{at},{cities[n % 8000]},{states[n % 27]}"

    rows: dict[str, Iterator[str]] = {
        "geolocation": (place() for _ in range(1_000_000)),
        "customers": (
            f"{k},{k[::-1]},{n % 19_000:05},{cities[n % 8000]},{states[n % 27]}"
            for n, k in enumerate(keys)
        ),
        "orders": (
            f"{k[8:]}{k[:8]},{k},delivered," + ",".join(moment() for _ in range(5)) for k in keys
        ),
        "order_items": (
            f"{k[8:]}{k[:8]},{n},{draw.choice(keys)},{keys[draw.randrange(3000)]},"
            f"{moment()},{draw.randint(100, 50_000) / 100},{draw.random() * 30:.2f}"
            for k in keys
            for n in range(1, 3 if k < "2" else 2)
        ),
    }
    files = {}
    for table, lines in rows.items():
        files[table] = folder / f"{table}.csv"
        text = "\n".join([TABLES[table].replace(" ", ""), *lines])
        files[table].write_text(text + "\n", encoding="utf-8")
    return files


if __name__ == "__main__":
    main()
