"""DuckDB, Spark and Snowflake give the rows that PostgreSQL gives, from its files or its lake."""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from conftest import REAL_DATA, Named
from exports import exports
from loaders.lake.archive import archive
from loaders.packages import install
from loaders.paths import project_root
from loaders.sample import generate
from tests.frames import Files, read, write
from warehouse import FACTS, NO_TESTS, Warehouse

pytestmark = pytest.mark.slow
SCALE = 0.01
# Texts that the engines' own casts read differently, or not at all.
ODD = {
    "price": ["1.005", "-1.005", "2.675", "1e2", ".5", "5.", " 7.5 ", "NaN", "12345678901.5", "x"],
    "order_item_id": ["+3", "1.5", "1e3", "007", " 4", "2147483648"],
    "shipping_limit_date": [
        *("2018-01-02T03:04:05", "2018-01-02", "2018-01-02 03:04", "2018-02-30", "infinity"),
        *("2018-01-02 03:04:05-03", "2018-01-02 03:04:05.123456Z", "now", "02/01/2018"),
        *("2018-01-02 25:00:00", "0000-00-00 00:00:00"),
        *("2018-05-01T01:30Z", "2018-05-01 01:30:00 +0530", "2018-01-02Z", "2018-01-02 00:00 UTC"),
    ],
}


class Engine:
    """Another engine, in a folder of its own."""

    def __init__(self, target: str, folder: Path, python: Path | str = sys.executable) -> None:
        """Nothing is there yet. Its dbt is that of an environment."""
        self.target = target
        self.python = python
        self.folder = folder
        self.variables = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PG")},
            "OLIST_HOME": str(folder),
            "OLIST_TARGET": target,
            "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1",  # a session of a minute
        }

    def dbt(self, data: Path | str, *arguments: str) -> dict[str, str]:
        """Run dbt on this data; return the status of each node."""
        target = self.folder / "target"
        command = [self.python, "-m", "loaders.dbt", "--quiet", *arguments]
        command += ["--target-path", str(target), "--log-path", str(target)]
        done = subprocess.run(
            command,
            cwd=project_root(),
            env={**self.variables, "OLIST_DATA": str(data)},
            timeout=900,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        results = json.loads((target / "run_results.json").read_text("utf-8"))["results"]
        return {result["unique_id"]: result["status"] for result in results}

    def rows(self, relation: str, columns: list[str]) -> list[tuple[Any, ...]]:
        """All rows of a mart."""
        if self.target == "duckdb":
            import duckdb  # noqa: PLC0415 - of an extra

            with duckdb.connect(str(self.folder / "olist.duckdb"), read_only=True) as link:
                return link.execute(f"select {', '.join(columns)} from {relation}").fetchall()
        from pyarrow import dataset  # noqa: PLC0415

        schema, name = relation.split(".")
        files = self.folder / ".spark" / "warehouse" / f"{schema}.db" / name
        found = dataset.dataset(files, exclude_invalid_files=True).to_table(columns)
        return list(zip(*(found[column].to_pylist() for column in columns), strict=True))

    def texts(self, relation: str, columns: list[str]) -> list[str]:
        """The same, each as its ``repr``."""
        return [*map(repr, self.rows(relation, columns))]


class Snowflake(Engine):
    """An empty account, for which fakesnow stands until the end of the block."""

    def __init__(self, folder: Path) -> None:
        """Start it, in the environment that it needs."""
        python = Path(os.environ["OLIST_SNOWFLAKE"]) / "bin" / "python"
        super().__init__("snowflake", folder, python)
        self.process = subprocess.Popen(
            [python, Path(__file__).with_name("fake_snowflake.py"), folder / "key.p8"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(folder / "fakesnow.log").open("w"),
            text=True,
        )
        port = self._answer().strip()
        assert port, (folder / "fakesnow.log").read_text("utf-8")
        self.variables |= {
            "SNOWFLAKE_ACCOUNT": "fakesnow",
            "SNOWFLAKE_HOST": "127.0.0.1",
            "SNOWFLAKE_PORT": port,
            "SNOWFLAKE_PROTOCOL": "http",
            "SNOWFLAKE_PRIVATE_KEY_PATH": str(folder / "key.p8"),
            "SNOWFLAKE_PRIVATE_KEY_PASSPHRASE": "of the key",
        }

    def __enter__(self) -> "Snowflake":
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.process.communicate(timeout=60)

    def texts(self, relation: str, columns: list[str]) -> list[str]:
        """All rows of a mart, each as its ``repr``."""
        assert self.process.stdin
        print(
            f"select {', '.join(columns)} from olist.{relation}",
            file=self.process.stdin,
            flush=True,
        )
        found: list[str] = json.loads(self._answer())
        return found

    def _answer(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline()


def differences(engine: Engine, warehouse: Warehouse) -> dict[str, list[str]]:
    """The first rows in which marts and reports of an engine differ from those of PostgreSQL."""
    found = {}
    tables = warehouse.records(
        "select table_schema || '.' || table_name as name, array_agg(column_name::text) as columns"
        " from information_schema.columns where table_schema in ('marts', 'reports') group by 1"
    )
    of_postgresql = {path.stem for path in project_root().glob("models/audit/reports/*.sql")}
    for table in tables:
        name, columns = table["name"], table["columns"]
        if name.removeprefix("reports.") in of_postgresql:
            continue
        ours = sorted(map(repr, warehouse.query(f"select {', '.join(columns)} from {name}")))
        theirs = sorted(engine.texts(name, columns))
        assert ours, name
        if ours != theirs:
            found[name] = [*set(ours) - set(theirs), *set(theirs) - set(ours)][:4]
    return found


def _modified(files: Files) -> Files:
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


def _corrections(files: Files) -> Files:
    """Orders and sellers that change once more, and prices that are right now."""
    return {
        "orders": files["orders"][:5].assign(order_status="unavailable"),
        "sellers": files["sellers"][:2].assign(seller_city="são  Paulo", seller_state="x"),
        "order_items": files["order_items"][:3].assign(price="7.77"),
    }


@pytest.fixture(scope="module")
def lake(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lake of a warehouse that landed three exports, the last with odd values, and a delta."""
    folder = tmp_path_factory.mktemp("exports")
    for number, export in enumerate(islice(exports(folder / "exports", SCALE), 3)):
        if number == 2:
            write(_modified(read(export)), export)
        warehouse.land(export, "snapshot")
    orders = read(export)["orders"][:5].assign(order_status="unavailable")
    (folder / "delta").mkdir()
    write({"orders": orders}, folder / "delta")
    warehouse.land(folder / "delta")
    warehouse.dbt("build", *NO_TESTS)
    with warehouse.environment():
        archive(str(folder / "lake"), say=lambda _: None)
    return folder / "lake"


def test_duckdb_builds_files_as_postgresql_does(
    rebuilt_warehouse: Warehouse, tmp_path: Path
) -> None:
    """The whole project with all its tests; the real files where they are named."""
    install(retry=False, say=lambda _: None)
    data = Path(REAL_DATA) if REAL_DATA else tmp_path / "sample"
    if not REAL_DATA:
        generate(data, SCALE)
    rebuilt_warehouse.land(data, "snapshot")
    rebuilt_warehouse.dbt("build", *NO_TESTS)
    duckdb = Engine("duckdb", tmp_path)
    statuses = duckdb.dbt(data, "build", "--selector", "nightly")
    assert set(statuses.values()) <= {"success", "pass", "warn", "no-op"}
    assert sum(name.startswith("unit_test.") for name in statuses) > 70
    assert differences(duckdb, rebuilt_warehouse) == {}


def test_duckdb_builds_a_lake_as_postgresql_does(
    lake: Path, warehouse: Warehouse, tmp_path: Path
) -> None:
    """Twice, as a run on what is built builds it whole."""
    duckdb = Engine("duckdb", tmp_path)
    duckdb.dbt(lake, "build", *NO_TESTS)
    duckdb.dbt(lake, "run", "--select", *FACTS)
    assert differences(duckdb, warehouse) == {}
    invalid = duckdb.rows("audit.invalid_values", ["column_name", "invalid_value"])
    assert {("price", "NaN"), ("order_item_id", "1.5"), ("shipping_limit_date", "now")} <= {
        *invalid
    }
    assert not {("price", "1e2"), ("price", "5."), ("order_item_id", "+3")} & {*invalid}


@pytest.mark.skipif(find_spec("pyspark") is None, reason="pyspark is not installed: make spark")
@pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java (docs/engines.md)")
def test_spark_builds_a_lake_as_postgresql_does(
    lake: Path, warehouse: Warehouse, tmp_path: Path
) -> None:
    spark = Engine("spark", tmp_path)
    spark.dbt(lake, "build")
    assert differences(spark, warehouse) == {}


@pytest.mark.skipif("OLIST_SNOWFLAKE" not in os.environ, reason="make test-snowflake")
def test_snowflake_copies_a_lake_batch_by_batch(named: Named, tmp_path: Path) -> None:
    """A full build, a complete export with removals and odd values, and a delta."""
    first, second = islice(exports(tmp_path / "exports", SCALE), 2)
    write(_modified(read(second)), second)
    delta = tmp_path / "delta"
    delta.mkdir()
    write(_corrections(read(second)), delta)
    with named("of_snowflake") as warehouse, Snowflake(tmp_path) as snowflake:
        for load, mode in ((first, "snapshot"), (second, "snapshot"), (delta, "delta")):
            warehouse.land(load, mode)
            warehouse.dbt("build", *NO_TESTS)
            with warehouse.environment():
                archive(str(tmp_path / "lake"), say=lambda _: None)
            snowflake.dbt(tmp_path / "lake", "build")
            assert differences(snowflake, warehouse) == {}, load.name


def test_a_database_that_has_read_nothing_says_so(tmp_path: Path) -> None:
    pytest.importorskip("duckdb")
    with pytest.raises(AssertionError, match="This database has read nothing yet"):
        Engine("duckdb", tmp_path).dbt("", "build")
