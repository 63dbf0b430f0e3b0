"""DuckDB gives the rows that PostgreSQL gives: after any load, incremental or not."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import pandas as pd
import pytest

from exports import exports
from loaders.engines import Mart, Warehouse, engine
from loaders.engines.compare import marts_of
from loaders.engines.differences import differences
from loaders.engines.duckdb.file import connect
from loaders.land import Rules
from loaders.packages import install
from loaders.paths import project_root
from loaders.tables import BY_NAME
from tests.frames import Files, read, write
from warehouse import FACTS, NO_TESTS

SCALE = 0.01
READ = {
    file.stem
    for layer in ("marts", "reports")
    for file in project_root().glob(f"models/{layer}/*.sql")
}
# Texts that the engines' own casts read differently, or not at all.
ODD = {
    "price": ["1.005", "-1.005", "2.675", "1e2", ".5", "5.", " 7.5 ", "NaN", "12345678901.5", "x"],
    "order_item_id": ["+3", "1.5", "1e3", "007", " 4", "2147483648"],
    "shipping_limit_date": [
        *("2018-01-02T03:04:05", "2018-01-02", "2018-01-02 03:04", "2018-02-30", "infinity"),
        *("2018-01-02 03:04:05-03", "2018-01-02 03:04:05.123456Z", "now", "02/01/2018"),
        *("2018-01-02 24:00:00", "2018-01-02 25:00:00", "0000-00-00 00:00:00"),
    ],
}


@dataclass
class Engines:
    """The two engines and what dbt wrote for each."""

    folder: Path
    warehouses: dict[str, Warehouse]
    marts: list[Mart] = field(default_factory=list)

    def land(self, data: Path, mode: str = "snapshot") -> None:
        """Land the same on both, at the same time."""
        at = None
        for warehouse in self.warehouses.values():
            rules = Rules(allow_removals=True)
            warehouse.land(str(data), mode, say=lambda _: None, rules=rules, at=at)
            at = (warehouse.newest_batch() or (0, None))[1]

    def dbt(self, name: str, *arguments: str) -> dict[str, str]:
        """Run dbt on an engine; return the status of each node."""
        target = self.folder / f"{name}-target"
        command = [sys.executable, "-m", "loaders.dbt", "--quiet", *arguments]
        command += ["--target", name, "--target-path", str(target), "--log-path", str(target)]
        variables = {**os.environ, **self.warehouses[name].variables}
        done = subprocess.run(
            command, cwd=project_root(), env=variables, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        self.marts = marts_of(target / "manifest.json")
        results = json.loads((target / "run_results.json").read_text("utf-8"))["results"]
        return {result["unique_id"]: result["status"] for result in results}

    def compare(self) -> None:
        """Compare every mart and report, row for row."""
        assert {mart.name for mart in self.marts} == READ
        ours, theirs = self.warehouses["postgres"], self.warehouses["duckdb"]
        for mart in self.marts:
            found = differences(mart, ours.rows(mart), theirs.rows(mart))
            assert found.rows, mart.name
            assert found.none, (mart.name, found)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """Rows of a query on the DuckDB file."""
        path = Path(self.warehouses["duckdb"].variables["OLIST_DUCKDB"])
        with connect(path, read_only=True) as link:
            return link.execute(query).fetchall()


@pytest.fixture(scope="module")
def engines(
    postgres: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engines]:
    """An empty warehouse on each engine."""
    install(retry=False, say=lambda _: None)
    folder = tmp_path_factory.mktemp("engines")
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.delenv("DATABASE_URL", raising=False)
        patch.delenv("OLIST_DATA", raising=False)
        for name, value in postgres.items():
            patch.setenv(name, value)
        warehouses = {
            name: stack.enter_context(engine(name).scratch(folder))
            for name in ("postgres", "duckdb")
        }
        yield Engines(folder, warehouses)


def _doctored(files: Files) -> Files:
    """The files with odd values, and what is easily read otherwise: quotes, lines, no address."""
    lines = files["order_items"].copy()
    for column, values in ODD.items():
        lines[column] = [*values, *lines[column].tolist()[len(values) :]]
    reviews = files["order_reviews"].copy()
    reviews.loc[:4, "review_comment_message"] = ['a "b"', "a\r\nb\n", "  ", "\t\r\n", 'é,"",ç\n\n']
    # Of a person, one order without a time and one that no file has: nulls have to sort alike.
    customers = files["customers"].copy()
    customers.loc[:3, "customer_unique_id"] = "one person"
    orders = files["orders"].copy()
    of_person = orders["customer_id"].isin(customers["customer_id"][:2])
    orders.loc[of_person, "order_purchase_timestamp"] = ""
    gone = orders["customer_id"].isin(customers["customer_id"][2:4])
    return {
        **files,
        "order_items": lines,
        "order_reviews": reviews,
        "customers": customers,
        "orders": orders[~gone],
    }


def test_all_is_equal_over_a_history_of_exports(engines: Engines, tmp_path: Path) -> None:
    """Three exports: the second with all of dbt's tests, the third with odd values."""
    for number, folder in enumerate(islice(exports(tmp_path, SCALE), 3)):
        if number == 2:
            write(_doctored(read(folder)), folder)
        engines.land(folder)
        engines.dbt("postgres", "build", *NO_TESTS)
        tests = engines.dbt("duckdb", "build", *(() if number == 1 else NO_TESTS))
        assert set(tests.values()) <= {"success", "pass", "warn", "no-op"}
        assert number != 1 or sum(name.startswith("unit_test.") for name in tests) > 70
        engines.compare()
    invalid = "select table_name, column_name, invalid_value from audit.invalid_values"
    found = {(column, value) for _, column, value in engines.rows(invalid)}
    assert {("price", "NaN"), ("order_item_id", "1.5"), ("shipping_limit_date", "now")} <= found
    assert not {("price", "1e2"), ("price", "5."), ("order_item_id", "+3")} & found


def test_a_run_with_nothing_new_writes_no_fact_row(engines: Engines) -> None:
    """A fact's rows are where they were: one that is deleted and inserted again moves."""
    places = {fact: engines.rows(f"select rowid, * from marts.{fact}") for fact in FACTS}
    engines.dbt("duckdb", "run", "--select", *FACTS)
    for fact, before in places.items():
        assert engines.rows(f"select rowid, * from marts.{fact}") == before


def test_a_delta_writes_the_orders_that_it_touches(engines: Engines, tmp_path: Path) -> None:
    """The rows of no other order carry its batch, and a rebuild gives the same."""
    orders = pd.DataFrame(engines.rows("from raw.orders")).iloc[:5, :8].fillna("")
    orders.columns = pd.Index(BY_NAME["orders"].columns)
    orders["order_status"] = "unavailable"
    write({"orders": orders}, tmp_path)
    engines.land(tmp_path, "delta")
    engines.dbt("postgres", "build", *NO_TESTS)
    engines.dbt("duckdb", "build", *NO_TESTS)
    engines.compare()
    newest = "select order_id from marts.fct_orders where _batch_id = 4 order by order_id"
    assert [order for (order,) in engines.rows(newest)] == sorted(orders["order_id"])
    rebuilt = {fact: sorted(engines.rows(f"from marts.{fact}"), key=repr) for fact in FACTS}
    engines.dbt("duckdb", "run", "--full-refresh", "--select", *FACTS)
    for fact, before in rebuilt.items():
        assert sorted(engines.rows(f"from marts.{fact}"), key=repr) == before
