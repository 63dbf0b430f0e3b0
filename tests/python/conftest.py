"""Fixtures: one PostgreSQL for the session, a fresh database for each test that asks."""

import os
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import psycopg2
import pytest
from psycopg2 import sql

from exports import exports
from loaders import connection, server
from loaders.packages import install
from loaders.tables import BY_NAME
from tests import frames
from warehouse import NO_TESTS, Warehouse

if TYPE_CHECKING:
    from lakes import Lake

# Files that `make test` leaves to `make test-all`.
SLOW = re.compile(
    "test_(agent|answers|bench|concurrency|crash|dashboard|engines|external|gallery|governance|history|incremental"
    "|interruptions|invalid_values|lake_star|mutation|offline|operations$|pin|plain_star|plans"
    "|property|quality|readers|real_data|reports|roles|secrets|semantic|sensitive|server|source_|synchronize"
    "|team)"
)
OLD = Path("/usr/lib/postgresql/15/bin")
REAL_DATA = os.environ.get("OLIST_REAL_DATA")
for _name in ("OLIST_TARGET", "OLIST_DEV_SCHEMA"):  # of a shell that builds in schemas of its own
    os.environ.pop(_name, None)
Query = Callable[[str], list[tuple[Any, ...]]]
Named = Callable[..., AbstractContextManager[Warehouse]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of slow files."""
    for item in items:
        if SLOW.match(item.path.stem):
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Of ``make test``: each worker has a server of its own; where one is given, no workers."""
    return 0 if connection.external() else min(4, os.cpu_count() or 1)


@pytest.fixture(
    scope="module",
    params=[
        "newest",
        pytest.param("15", marks=pytest.mark.skipif(not OLD.is_dir(), reason=f"no {OLD}")),
    ],
)
def own_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The folder of a running embedded server of its own, which no variable names."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name == "DATABASE_URL" or (name.startswith(("PG", "OLIST_")) and name != "PGBIN"):
                patch.delenv(name)
        if request.param == "15":
            patch.setenv("PGBIN", str(OLD))
        folder = tmp_path_factory.mktemp("home")
        patch.setenv("OLIST_HOME", str(folder))
        server.up(say=quiet)
        yield folder
        server.down(say=quiet)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Variables of the server that the environment names, else of a throw-away embedded one."""
    named = connection.external()
    if named is not None:
        yield named
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(connection.SERVER_FOLDER, raising=False)  # of a shell with `olist env`
        patch.setenv("OLIST_HOME", str(tmp_path_factory.mktemp("server")))
        yield server.up(say=lambda _: None)
        server.down(say=lambda _: None)


@contextmanager
def temporary_database(
    postgres: dict[str, str], name: str = "", template: str = "template1"
) -> Iterator[dict[str, str]]:
    """Yield the variables of a new database on a server, dropped at the end."""
    name = f"olist_test_{name or uuid.uuid4().hex[:12]}"
    administer(postgres, "create database {} template {}", name, template)
    yield {**postgres, "PGDATABASE": name}
    administer(postgres, "drop database if exists {} with (force)", name)


@pytest.fixture
def database(
    postgres: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[dict[str, str]]:
    """Variables of an empty database, set in the environment and dropped at the end."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("OLIST_HOME", str(tmp_path / "home"))
    with temporary_database(postgres) as variables:
        for key, value in variables.items():
            monkeypatch.setenv(key, value)
        yield variables


@pytest.fixture
def without_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No server is named, and there is no embedded one."""
    for name in ("PGHOST", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OLIST_HOME", str(tmp_path))


@pytest.fixture(scope="session")
def named(postgres: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Named:
    """Make a warehouse whose database has one of few names: dbt parses the project per name."""
    install(retry=False, say=lambda _: None)
    session, folder = uuid.uuid4().hex[:8], tmp_path_factory.mktemp("dbt")

    @contextmanager
    def make(name: str, template: str = "template1") -> Iterator[Warehouse]:
        with temporary_database(postgres, f"{session}_{name}", template) as variables:
            yield Warehouse(variables, folder / name)

    return make


@pytest.fixture(scope="module")
def warehouse(named: Named) -> Iterator[Warehouse]:
    """An empty warehouse, shared by the tests of a module."""
    with named("first") as made:
        yield made


@pytest.fixture(scope="module")
def rebuilt_warehouse(named: Named) -> Iterator[Warehouse]:
    """A second one, to compare with."""
    with named("second") as made:
        yield made


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two exports of a synthetic marketplace of 5,000 orders, the second a day later."""
    made = exports(tmp_path_factory.mktemp("history"), 0.05)
    earlier, later = next(made), next(made)
    files = frames.read(later, ("products", "sellers", "order_items"))
    lines = files.pop("order_items")
    for name, rows in files.items():  # describe the members that lines name
        key = str(rows.columns[0])
        new = sorted({*lines[key]} - {*rows[key]})
        files[name] = pd.concat([rows, rows[: len(new)].assign(**{key: new})])
    frames.write(files, later)
    return earlier, later


@pytest.fixture(scope="session")
def template(named: Named, postgres: dict[str, str], history: tuple[Path, Path]) -> Iterator[str]:
    """The database that ``built`` starts from: made once, and no data test may warn."""
    with named("first") as made:
        made.land(history[0], "snapshot")
        made.dbt("build", "--warn-error", "--exclude-resource-type", "unit_test")
        name = made.variables["PGDATABASE"]
        administer(postgres, "alter database {} rename to {}", name, f"{name}_built")
    yield f"{name}_built"
    administer(postgres, "drop database {}", f"{name}_built")


@pytest.fixture(scope="module")
def built(named: Named, template: str) -> Iterator[Warehouse]:
    """A warehouse of the first export, with star and reports, for the tests of a module."""
    with named("first", template) as made:
        yield made


@pytest.fixture(
    scope="module",
    params=[
        "sample",
        pytest.param("real", marks=pytest.mark.skipif(not REAL_DATA, reason="OLIST_REAL_DATA")),
    ],
)
def sample_and_real(request: pytest.FixtureRequest) -> Warehouse:
    """A warehouse with the star and the reports."""
    if request.param == "sample":
        made: Warehouse = request.getfixturevalue("built")
    else:
        made = request.getfixturevalue("rebuilt_warehouse")
        made.land(Path(str(REAL_DATA)), "snapshot")
        made.dbt("build", *NO_TESTS)
    return made


@pytest.fixture
def query(database: dict[str, str]) -> Query:
    """Run a query in the test's database and return its rows."""

    def run(statement: str) -> list[tuple[Any, ...]]:
        with connection.connect() as link, link.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    return run


def quiet(_: str) -> None:
    """Say nothing."""


def write_csv(folder: Path, table: str, *rows: str) -> Path:
    """Write the file of a raw table: its header, then the rows as they are.

    Optional columns are left out, so that a new one needs no other test.
    """
    folder.mkdir(parents=True, exist_ok=True)
    known = BY_NAME[table]
    path = folder / known.file
    header = [name for name in known.columns if name not in known.optional_columns]
    path.write_text("\n".join((",".join(header), *rows)) + "\n", encoding="utf-8")
    return path


def administer(variables: dict[str, str], statement: str, *names: str) -> None:
    """Run a statement about databases, whose names take the places of its braces."""
    link = psycopg2.connect(
        host=variables["PGHOST"],
        port=variables["PGPORT"],
        user=variables["PGUSER"],
        password=variables.get("PGPASSWORD"),
        dbname=os.environ.get("OLIST_TEST_MAINTENANCE_DATABASE", "postgres"),
    )
    link.autocommit = True
    with link.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
    link.close()


@pytest.fixture(scope="session")
def s3() -> Iterator[dict[str, str]]:
    """Variables that lead to an S3 server on loopback."""
    from lakes import s3_server  # noqa: PLC0415 - takes a second, of the tests that need it

    with s3_server() as variables:
        yield variables


@pytest.fixture(params=["folder", "s3"])
def lake(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Lake":
    """An empty lake: a folder, then a bucket with the variables that lead there."""
    from lakes import Lake, make_bucket  # noqa: PLC0415

    monkeypatch.delenv("OLIST_LAKE", raising=False)
    if request.param == "folder":
        return Lake(str(tmp_path / "lake"))
    for name, value in request.getfixturevalue("s3").items():
        monkeypatch.setenv(name, value)
    return Lake(f"s3://{make_bucket()}/some/prefix")
