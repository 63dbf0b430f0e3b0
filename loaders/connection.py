"""Which PostgreSQL to use: the environment's, else the embedded server's."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import psycopg2
from psycopg2.extensions import connection as Connection

from loaders.errors import LoaderError

MINIMUM_VERSION = 15

# What a URL's query string may set, and the variable of libpq that says the same.
_URL_PARAMETERS = {
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "channel_binding": "PGCHANNELBINDING",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "application_name": "PGAPPNAME",
    "options": "PGOPTIONS",
}
_VARIABLES = ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", *_URL_PARAMETERS.values())


def parse_url(url: str) -> dict[str, str]:
    """Translate ``postgresql://user:password@host:port/database?sslmode=…`` into libpq variables.

    Raises LoaderError when the URL is no PostgreSQL URL or has a parameter that is not known.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
        misread = "@" in f"{parts.path}{parts.query}{parts.fragment}"
    except ValueError:
        misread = True
    if misread:  # what stands where the port or the database should may be half a password
        raise LoaderError(
            "DATABASE_URL cannot be read: write / ? # @ [ ] : in a password as %2F %3F %23 %40 %5B"
            " %5D %3A, and the port as a number."
        ) from None
    if parts.scheme not in {"postgres", "postgresql"} or not parts.hostname:
        raise LoaderError(
            "DATABASE_URL must look like postgresql://user:password@host:5432/database;"
            f" this one starts with '{parts.scheme}://'."
        )
    found = {
        "PGHOST": unquote(parts.hostname),
        "PGPORT": str(port or 5432),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": unquote(parts.path.lstrip("/")),
    }
    for name, value in parse_qsl(parts.query):
        if name not in _URL_PARAMETERS:
            known = ", ".join(_URL_PARAMETERS)
            raise LoaderError(f"DATABASE_URL has the parameter '{name}'; known ones are {known}.")
        found[_URL_PARAMETERS[name]] = value
    return {name: value for name, value in found.items() if value}


def external(variables: Mapping[str, str] = os.environ) -> dict[str, str] | None:
    """Libpq variables of the server that the user named, or None when none is named.

    ``PGHOST`` wins over ``DATABASE_URL``, as a value set for one command does over a stored one.
    """
    if variables.get("PGHOST"):
        named = {name: variables[name] for name in _VARIABLES if variables.get(name)}
    elif variables.get("DATABASE_URL"):
        named = parse_url(variables["DATABASE_URL"])
    else:
        return None
    named.setdefault("PGPORT", "5432")
    named.setdefault("PGUSER", variables.get("USER") or "postgres")
    named.setdefault("PGDATABASE", named["PGUSER"])
    return named


# Whom this process is acting as, where that is not the user of the server in use (loaders/roles).
_acting: list[dict[str, str]] = []


@contextmanager
def acting(variables: dict[str, str]) -> Iterator[None]:
    """Reach the database by these variables in the block."""
    _acting.append(variables)
    try:
        yield
    finally:
        _acting.pop()


def environment() -> dict[str, str]:
    """Libpq variables of the server in use.

    Raises LoaderError when none is named and there is no embedded one yet.
    """
    found = _acting[-1] if _acting else external() or _embedded()
    if found is None:
        raise LoaderError(
            "There is no server yet: run 'olist up' for an embedded PostgreSQL,"
            " or set PGHOST (or DATABASE_URL) to use your own."
        )
    return found


def _embedded() -> dict[str, str] | None:
    from loaders import server  # noqa: PLC0415 - who names a server does not wait for it

    return server.environment()


@contextmanager
def connect(
    *, autocommit: bool = False, where: Mapping[str, str] | None = None
) -> Iterator[Connection]:
    """Yield a connection to the server in use; commit at the end, roll back on an error.

    ``where`` are other variables to reach it by. Raises LoaderError when the server cannot be
    reached or is older than PostgreSQL 15.
    """
    where = where or environment()
    # libpq reads what is left (TLS files, .pgpass) from the environment by itself.
    options: dict[str, Any] = {"application_name": "olist", "client_encoding": "UTF8"}
    options |= {name: where[key] for name, key in _URL_PARAMETERS.items() if key in where}
    try:
        link = psycopg2.connect(
            host=where["PGHOST"],
            port=where["PGPORT"],
            user=where["PGUSER"],
            password=where.get("PGPASSWORD"),
            dbname=where["PGDATABASE"],
            **options,
        )
    except psycopg2.OperationalError as error:
        raise LoaderError(_unreachable(where, str(error))) from error
    try:
        if link.server_version < MINIMUM_VERSION * 10000:
            raise LoaderError(
                f"The server at {where['PGHOST']} is PostgreSQL {link.server_version // 10000};"
                f" version {MINIMUM_VERSION} or newer is needed."
            )
        link.autocommit = autocommit
        yield link
        if not autocommit:
            link.commit()
    finally:
        link.close()  # an open transaction is rolled back


def reason_of(error: psycopg2.Error) -> str:
    """What PostgreSQL, or its client library, said was wrong."""
    return (error.diag.message_primary or str(error)).strip()


def _unreachable(where: Mapping[str, str], reason: str) -> str:
    address = f"{where['PGHOST']}:{where['PGPORT']}"
    # The last line that is no hint: "connection to server at …, port … failed: Connection refused".
    lines = [line for line in reason.strip().splitlines() if not line.startswith("\t")]
    detail = lines[-1].removeprefix("connection to server ").removesuffix(".")
    if external() is None:
        return f"The embedded server at {address} does not answer: run 'olist up' ({detail})."
    return (
        f"PostgreSQL at {address} (database {where['PGDATABASE']}, user {where['PGUSER']})"
        f" cannot be used: {detail}. Check PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE."
    )
