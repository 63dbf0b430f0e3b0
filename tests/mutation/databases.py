"""Databases that live as long as a run: made from one another, dropped by their prefix."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from loaders import connection
from loaders.errors import LoaderError

PREFIX = "olist_mutant_"
BASE = f"{PREFIX}base"
_LOCK = 0x0115_7003
# A mutant may turn a join into a product: it ends here instead of running for hours.
_TIMEOUT = "-c statement_timeout=60s"


@cache
def _server() -> Mapping[str, str]:
    """The server and database that the caller named, whatever is set later."""
    return connection.environment()


def variables(database: str) -> dict[str, str]:
    """The environment in which dbt and the loaders use a database of this run."""
    where = _server()
    options = " ".join([where.get("PGOPTIONS", ""), _TIMEOUT]).strip()
    return {**where, "PGDATABASE": database, "PGOPTIONS": options}


@contextmanager
def in_environment(database: str) -> Iterator[None]:
    """Set ``variables(database)`` for the block, and nothing else that names a server."""
    with _environment(variables(database)):
        yield


@contextmanager
def _environment(found: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.pop("DATABASE_URL", None)
    os.environ.update(found)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def alone() -> Iterator[None]:
    """Hold the server for this run, and leave no database of it behind, however it ends.

    Raises LoaderError when another run is at work there.
    """
    with _administrator() as link:
        with link.cursor() as cursor:
            cursor.execute("select pg_try_advisory_lock(%s)", (_LOCK,))
            if cursor.fetchone() != (True,):
                raise LoaderError("Another run of the mutants is at work on this server.")
        _drop_all(link)
        try:
            yield
        finally:
            _drop_all(link)


def clone(template: str, name: str) -> None:
    """Make a database that is a copy of another one, in place of an older one of that name."""
    _administer("drop database if exists {} with (force)", name)
    _disconnect(template)
    _administer("create database {} template {}", name, template)


def create(name: str) -> None:
    """Make an empty database."""
    _administer("create database {} template template0", name)


def rename(name: str, new: str) -> None:
    """Rename a database that nobody is connected to."""
    _administer("drop database if exists {} with (force)", new)
    _disconnect(name)
    _administer("alter database {} rename to {}", name, new)


def drop(*names: str) -> None:
    """Drop databases, whoever is connected."""
    for name in names:
        _administer("drop database if exists {} with (force)", name)


@contextmanager
def _administrator() -> Iterator[Connection]:
    with _environment(_server()), connection.connect(autocommit=True) as link:
        yield link


def _disconnect(name: str) -> None:
    with _administrator() as link, link.cursor() as cursor:
        cursor.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s",
            (name,),
        )


def _administer(statement: str, *names: str) -> None:
    with _administrator() as link:
        _execute(link, statement, *names)


def _execute(link: Connection, statement: str, *names: str) -> None:
    try:
        with link.cursor() as cursor:
            cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
    except psycopg2.Error as error:
        reason = connection.reason_of(error)
        raise LoaderError(f"A database for the mutants cannot be made: {reason}.") from error


def _drop_all(link: Connection) -> None:
    with link.cursor() as cursor:
        cursor.execute("select datname from pg_database where datname like %s", (f"{PREFIX}%",))
        names = [name for (name,) in cursor.fetchall()]
    for name in names:
        _execute(link, "drop database if exists {} with (force)", name)
