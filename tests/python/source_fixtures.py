"""Fixtures of the tests of source databases; a test whose server is not there says so."""

from collections.abc import Iterator

import pytest

import source_servers
from source_servers import MariaDB, PostgreSQL

Source = MariaDB | PostgreSQL


@pytest.fixture(scope="session")
def mariadb_port() -> Iterator[int]:
    """Port of a MariaDB server; the test is skipped where there is none."""
    programs = map(source_servers.mariadb_program, ("mariadbd", "mariadb-install-db"))
    if not all(programs):
        pytest.skip("no MariaDB server on this machine (Debian: apt-get install mariadb-server)")
    with source_servers.mariadb() as port:
        yield port


@pytest.fixture
def mariadb(mariadb_port: int) -> Iterator[MariaDB]:
    """An empty database of MariaDB."""
    with source_servers.mariadb_database(mariadb_port) as source:
        yield source


@pytest.fixture
def postgresql(postgres: dict[str, str]) -> Iterator[PostgreSQL]:
    """An empty database of PostgreSQL, beside the warehouse's, with a reader of its own."""
    if not source_servers.may_create_roles(postgres):
        pytest.skip("the user of the tests' PostgreSQL is no superuser: no role can be made")
    with source_servers.postgresql(postgres) as source:
        yield source


@pytest.fixture(params=["mariadb", "postgresql"])
def source(request: pytest.FixtureRequest) -> Source:
    """An empty database of each make."""
    found: Source = request.getfixturevalue(request.param)
    return found
