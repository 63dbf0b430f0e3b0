"""Which PostgreSQL to use (the environment's, else the embedded server), and how to reach it."""

import hashlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import quote, urlencode

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import parse_dsn

from loaders.errors import LoaderError, PassingError
from loaders.paths import server_folder

MINIMUM_VERSION = 15

# Advisory locks of the warehouse's database: what must not be done twice at once
# (loaders.roles has 0x0115_7004).
LANDING = 0x0115_7001
BUILDING = 0x0115_7002
ARCHIVING = 0x0115_7003

# Parameters of libpq, and the variables that say the same.
_PARAMETERS = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "channel_binding": "PGCHANNELBINDING",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "application_name": "PGAPPNAME",
    "options": "PGOPTIONS",
}


def parse_url(url: str) -> dict[str, str]:
    """Translate ``postgresql://user:password@host:port/database?sslmode=…`` into libpq variables.

    Raises LoaderError, which shows nothing of the URL, when it cannot be read.
    """
    found: dict[str, str] = {}
    if url.startswith(("postgresql://", "postgres://")):
        with suppress(psycopg2.Error):  # its message may quote half a password
            found = parse_dsn(url)
    # A password with a / or @ of its own is read as host, port or database.
    misread = "@" in found.get("host", "@") + found.get("dbname", "")
    if misread or not found.get("port", "5432").isdigit() or found.keys() - _PARAMETERS.keys():
        raise LoaderError(
            "DATABASE_URL cannot be read: it must look like"
            " postgresql://user:password@host:5432/database?sslmode=require, with / ? @ : % in a"
            " password written as %2F %3F %40 %3A %25; after the ? may stand"
            f" {', '.join(list(_PARAMETERS)[5:])}."
        )
    return {_PARAMETERS[name]: value for name, value in found.items() if value}


def url_of(variables: Mapping[str, str]) -> str:
    """Libpq variables as the URL that ``parse_url`` reads."""
    user, password, host, port, database = (
        quote(variables.get(name, ""), safe="")
        for name in ("PGUSER", "PGPASSWORD", "PGHOST", "PGPORT", "PGDATABASE")
    )
    inside = dict(list(_PARAMETERS.items())[5:])
    more = {key: variables[name] for key, name in inside.items() if name in variables}
    password = f":{password}" if password else ""
    query = f"?{urlencode(more, quote_via=quote)}" if more else ""
    return f"postgresql://{user}{password}@{host}:{port}/{database}{query}"


def external(variables: Mapping[str, str] = os.environ) -> dict[str, str] | None:
    """Libpq variables of the server that the user named, or None when none is named.

    ``PGHOST`` wins over ``DATABASE_URL``, as a value set for one command does over a stored one.
    What ``olist env`` of this folder set names its embedded server, and is none of the user's own.
    """
    if _is_embedded(variables):
        return None
    if variables.get("PGHOST"):
        named = {name: variables[name] for name in _PARAMETERS.values() if variables.get(name)}
    elif variables.get("DATABASE_URL"):
        named = parse_url(variables["DATABASE_URL"])
    else:
        return None
    named.setdefault("PGPORT", "5432")
    named.setdefault("PGUSER", variables.get("USER") or "postgres")
    named.setdefault("PGDATABASE", named["PGUSER"])
    return named


# What `olist env` sets beside the variables: the folder of the embedded server that they are of.
SERVER_FOLDER = "OLIST_SERVER"
EMBEDDED = {"PGHOST": "127.0.0.1", "PGUSER": "olist", "PGDATABASE": "olist"}  # and its owner


def other_folder(variables: Mapping[str, str] = os.environ) -> str | None:
    """Folder of another checkout's embedded server that the variables are of, or None."""
    folder = variables.get(SERVER_FOLDER, "")
    is_used = folder and variables.get("PGHOST") == EMBEDDED["PGHOST"]
    return folder if is_used and folder != str(server_folder()) else None


def report_other_folder() -> None:
    """Say on stderr where a command uses the embedded server of another checkout."""
    if folder := other_folder():
        print(
            f"The server of {folder} is used: this shell has the variables of that 'olist env'."
            " For this folder's: unset PGHOST.",
            file=sys.stderr,
        )


def _is_embedded(variables: Mapping[str, str]) -> bool:
    """Whether the variables are those of this checkout's server, and its owner."""
    return variables.get(SERVER_FOLDER) == str(server_folder()) and all(
        variables.get(name) == value for name, value in EMBEDDED.items()
    )


# The innermost `as_role` block: who this process is, where not the user of the server in use.
_acting: list[dict[str, str]] = []


@contextmanager
def as_role(variables: dict[str, str]) -> Iterator[None]:
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
    found = _acting[-1] if _acting else external()
    if found is None:
        from loaders import server  # noqa: PLC0415 - who names a server does not wait for it

        found = server.environment()
    if found is None:
        raise LoaderError(
            "There is no server yet: run 'olist up' for an embedded PostgreSQL,"
            " or set PGHOST (or DATABASE_URL) to use your own."
        )
    return found


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
    options |= {name: where[key] for name, key in _PARAMETERS.items() if key in where}
    try:
        link = psycopg2.connect(**options)
    except psycopg2.OperationalError as error:
        raise PassingError(_unreachable(where, str(error))) from error
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


def lock_of(name: str) -> int:
    """The number of the advisory lock of what has this name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)


@contextmanager
def exclusive(link: Connection, waiting: Callable[[], None], lock: int = LANDING) -> Iterator[None]:
    """Hold an advisory lock; call ``waiting`` first when another session has it.

    The lock belongs to the session and not to the transaction, so that a load that had to wait
    begins its transaction, and with it ``_loaded_at``, after the other one has ended.
    """
    with link.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s)", (lock,))
        if cursor.fetchone() != (True,):
            waiting()
            cursor.execute("select pg_advisory_lock(%s)", (lock,))
    link.commit()
    try:
        yield
    finally:
        if not link.closed:  # a lost connection has lost the lock with it
            link.rollback()
            with link.cursor() as cursor:
                cursor.execute("select pg_advisory_unlock(%s)", (lock,))
            link.commit()


def reason_of(error: psycopg2.Error) -> str:
    """What PostgreSQL, or its client library, said was wrong."""
    return (error.diag.message_primary or str(error)).strip()


def denied(error: psycopg2.errors.InsufficientPrivilege) -> str:
    """Who may not do that, and what to do: a sentence without its period."""
    # The session that was refused may be over, and may have been a role's.
    session = error.cursor.connection.dsn if error.cursor else ""
    user = parse_dsn(session).get("user") or environment()["PGUSER"]
    return (
        f"user {user} may not do that ({reason_of(error)}): start a new shell, or unset PGHOST, if"
        " this one has the variables of 'olist env --role'; else use a user that may, or let the"
        " owner run 'olist roles'"
    )


def _unreachable(where: Mapping[str, str], reason: str) -> str:
    # The last line that is no hint: "connection to server at …, port … failed: Connection refused".
    lines = [line for line in reason.strip().splitlines() if not line.startswith("\t")]
    detail = lines[-1].removeprefix("connection to server ").removesuffix(".")
    called, remedy = "The embedded server", "Run 'olist up'"
    if external() is not None:
        called, remedy = "PostgreSQL", "Check PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE"
    return (
        f"{called} at {where['PGHOST']}:{where['PGPORT']} (database {where['PGDATABASE']}, user"
        f" {where['PGUSER']}) cannot be used: {detail}. {remedy}."
    )
