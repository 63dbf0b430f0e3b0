"""Real servers that sources are read from: MariaDB of the machine, and the test's PostgreSQL.

A test whose server is not there says so.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2
import pymysql
import pytest
from psycopg2.extensions import connection as PostgresConnection

from conftest import administer

PASSWORD = "s3cret/with@signs:and#all"  # what a URL has to escape


class _Runs:
    def connect(self) -> Any:
        raise NotImplementedError

    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        link = self.connect()
        try:
            with link.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            link.close()


@dataclass
class MariaDB(_Runs):
    """A database of a MariaDB server."""

    port: int
    database: str
    make = "mysql"

    def url(self, query: str = "", *, password: str = PASSWORD) -> str:
        login = f"reader:{quote(password, safe='')}"
        return f"mysql://{login}@127.0.0.1:{self.port}/{self.database}?{query}"

    def connect(self) -> "pymysql.Connection[Any]":
        return pymysql.connect(
            host="127.0.0.1",
            port=self.port,
            user="owner",
            password=PASSWORD,
            database=self.database,
            autocommit=True,
            charset="utf8mb4",
            local_infile=True,
        )


@dataclass
class PostgreSQL(_Runs):
    """A database of the PostgreSQL server of the tests."""

    variables: Mapping[str, str]
    database: str
    make = "postgresql"

    def url(self, query: str = "", *, password: str = PASSWORD) -> str:
        login = f"{self.reader}:{quote(password, safe='')}"
        where = f"{self.variables['PGHOST']}:{self.variables['PGPORT']}"
        return f"postgresql://{login}@{where}/{self.database}?{query}"

    @property
    def reader(self) -> str:
        return f"reader_{self.database}"

    def connect(self) -> PostgresConnection:
        link: PostgresConnection = psycopg2.connect(
            host=self.variables["PGHOST"],
            port=self.variables["PGPORT"],
            user=self.variables["PGUSER"],
            password=self.variables.get("PGPASSWORD"),
            dbname=self.database,
        )
        link.autocommit = True
        return link


@contextmanager
def postgresql_database(variables: dict[str, str]) -> Iterator[PostgreSQL]:
    """Make a database, with a reader of its own, in the PostgreSQL of the tests."""
    server = PostgreSQL(variables, f"shop_{uuid.uuid4().hex[:12]}")
    administer(variables, "create database {}", server.database)
    try:
        server.run(
            f"create role {server.reader} login password '{PASSWORD}'",
            f"grant pg_read_all_data, pg_read_all_stats to {server.reader}",
        )
        yield server
    finally:
        administer(variables, "drop database {} with (force)", server.database)
        administer(variables, "drop role if exists {}", server.reader)


def mariadb_program(name: str) -> str | None:
    """Path of a program of MariaDB's server, which Debian does not have on every PATH."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/libexec")


@contextmanager
def mariadb_server() -> Iterator[int]:
    """Start a MariaDB server on loopback; yield its port."""
    folder = Path(tempfile.mkdtemp(prefix="olist-mariadb-"))
    data, log = folder / "data", folder / "log"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = ["--no-defaults", f"--datadir={data}"]
    if os.geteuid() == 0:
        owner = next(one for one in pwd.getpwall() if one.pw_name in {"mysql", "nobody"})
        own.append(f"--user={owner.pw_name}")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    process = None
    try:
        with log.open("wb") as output:
            subprocess.run(
                [
                    str(mariadb_program("mariadb-install-db")),
                    *own,
                    "--auth-root-authentication-method=normal",
                    "--skip-test-db",
                ],
                check=True,
                stdout=output,
                stderr=output,
            )
            process = subprocess.Popen(
                [
                    str(mariadb_program("mariadbd")),
                    *own,
                    "--bind-address=127.0.0.1",
                    f"--port={port}",
                    f"--socket={folder / 's'}",
                    f"--pid-file={folder / 'pid'}",
                    "--innodb-flush-log-at-trx-commit=0",
                    # The tests hold for any of a server's habits; these are unusual ones.
                    "--sql-mode=ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES",
                    "--default-time-zone=+03:00",
                    "--character-set-server=latin1",
                ],
                stdout=output,
                stderr=output,
            )
        _set_up(process, folder / "s", log)
        yield port
    finally:
        if process is not None:
            process.terminate()
            process.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


def _set_up(process: "subprocess.Popen[bytes]", path: Path, log: Path) -> None:
    """Wait until the server answers on its socket, then make the users of the tests."""
    deadline = time.monotonic() + 60
    while True:
        try:
            link = pymysql.connect(unix_socket=str(path), user="root", autocommit=True)
            break
        except pymysql.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"MariaDB does not start: {log.read_text()[-2000:]}") from None
            time.sleep(0.1)
    with link.cursor() as cursor:
        for user, rights in (("owner", "all privileges"), ("reader", "select, show view, process")):
            cursor.execute(f"create user {user}@'%' identified by '{PASSWORD}'")
            cursor.execute(f"grant {rights} on *.* to {user}@'%' with grant option")
    link.close()


@contextmanager
def mariadb_database(port: int) -> Iterator[MariaDB]:
    """Make a database in a MariaDB server."""
    server = MariaDB(port, "mysql")
    name = f"shop_{uuid.uuid4().hex[:12]}"
    server.run(f"create database {name}")
    try:
        yield MariaDB(port, name)
    finally:
        server.run(f"drop database {name}")


Source = MariaDB | PostgreSQL


@pytest.fixture(scope="session")
def mariadb_port() -> Iterator[int]:
    """Port of a MariaDB server; the test is skipped where there is none."""
    if not all(map(mariadb_program, ("mariadbd", "mariadb-install-db"))):
        pytest.skip("no MariaDB server on this machine (Debian: apt-get install mariadb-server)")
    with mariadb_server() as port:
        yield port


@pytest.fixture
def mariadb(mariadb_port: int) -> Iterator[MariaDB]:
    """An empty database of MariaDB."""
    with mariadb_database(mariadb_port) as source:
        yield source


@pytest.fixture
def postgresql(postgres: dict[str, str]) -> Iterator[PostgreSQL]:
    """An empty database of PostgreSQL, beside the warehouse's, with a reader of its own."""
    mine = "select rolsuper from pg_roles where rolname = current_user"
    if PostgreSQL(postgres, postgres["PGDATABASE"]).run(mine) != [(True,)]:
        pytest.skip("the user of the tests' PostgreSQL is no superuser: no role can be made")
    with postgresql_database(postgres) as source:
        yield source


@pytest.fixture(params=["mariadb", "postgresql"])
def source(request: pytest.FixtureRequest) -> Source:
    """An empty database of each make."""
    found: Source = request.getfixturevalue(request.param)
    return found
