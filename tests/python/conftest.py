"""Fixtures: one PostgreSQL for the session, a fresh database for each test that asks."""

import os
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest
from psycopg2 import sql

from loaders import connection, server
from loaders.packages import install
from loaders.sample import generate
from loaders.tables import BY_NAME
from warehouse import NO_TESTS, Warehouse

if TYPE_CHECKING:
    from lakes import Lake

# Files that `make test` leaves to `make test-all`.
SLOW = re.compile(
    "test_(answers|bench|crash|crowds|engines|gallery|governance|history|incremental"
    "|interruptions|keys|lake_star|mutation|offline|operations$|pin|plain_star|plans|property"
    "|quarantine|readers|real_data|reports|roles|semantic|server|source_)"
)
REAL_DATA = os.environ.get("OLIST_REAL_DATA")
Query = Callable[[str], list[tuple[Any, ...]]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of slow files."""
    for item in items:
        if SLOW.match(item.path.stem):
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Of ``make test``: each worker has a server of its own; where one is given, no workers."""
    return 0 if connection.external() else min(4, os.cpu_count() or 1)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Variables of the server that the environment names, else of a throw-away embedded one."""
    named = connection.external()
    if named is not None:
        yield named
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OLIST_HOME", str(tmp_path_factory.mktemp("server")))
        yield server.up(say=lambda _: None)
        server.down(say=lambda _: None)


@contextmanager
def temporary_database(postgres: dict[str, str]) -> Iterator[dict[str, str]]:
    """Yield the variables of an empty database on a server, dropped at the end."""
    name = f"olist_test_{uuid.uuid4().hex[:12]}"
    administer(postgres, "create database {}", name)
    yield {**postgres, "PGDATABASE": name}
    administer(postgres, "drop database {} with (force)", name)


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


@pytest.fixture(scope="module")
def warehouse(
    postgres: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Warehouse]:
    """An empty warehouse, shared by the tests of a module."""
    install(retry=False, say=lambda _: None)
    with temporary_database(postgres) as variables:
        yield Warehouse(variables, tmp_path_factory.mktemp("dbt"))


@pytest.fixture(scope="module")
def rebuilt_warehouse(
    postgres: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Warehouse]:
    """A second one, to compare with."""
    with temporary_database(postgres) as variables:
        yield Warehouse(variables, tmp_path_factory.mktemp("dbt"))


@pytest.fixture(
    scope="module",
    params=[
        "sample",
        pytest.param("real", marks=pytest.mark.skipif(not REAL_DATA, reason="OLIST_REAL_DATA")),
    ],
)
def sample_and_real(
    request: pytest.FixtureRequest,
    warehouse: Warehouse,
    rebuilt_warehouse: Warehouse,
    tmp_path_factory: pytest.TempPathFactory,
) -> Warehouse:
    """A warehouse with the star and the reports."""
    if request.param == "real":
        made, files = rebuilt_warehouse, Path(str(REAL_DATA))
    else:
        made, files = warehouse, tmp_path_factory.mktemp("sample")
        generate(files, 0.05)
    made.land(files, "snapshot")
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
    """Write the file of a raw table: its header, then the rows as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    known = BY_NAME[table]
    path = folder / known.file
    path.write_text("\n".join((",".join(known.columns), *rows)) + "\n", encoding="utf-8")
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
