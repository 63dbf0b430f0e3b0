"""Checks of the server: can it be reached, is it new enough, may we work in it, what is in it."""

from collections.abc import Iterator

from psycopg2.extensions import cursor as Cursor

from loaders import connection, roles, server
from loaders.doctor.finding import FAIL, OK, WARN, Finding
from loaders.errors import LoaderError
from loaders.land import ledger


def findings() -> Iterator[Finding]:
    """Yield what was found; where the server does not answer, that is all."""
    try:
        if connection.external() is None and server.environment() is None:
            yield Finding("server", WARN, "none yet", "run 'olist up', or set PGHOST")
            return
        with connection.connect() as link, link.cursor() as cursor:
            where = link.get_dsn_parameters()
            place = f"{where['host']}:{where['port']}, database {where['dbname']}"
            kind = "embedded" if connection.external() is None else "of the environment"
            yield Finding(
                "server", OK, f"{kind}, PostgreSQL {_one(cursor, 'show server_version')}, {place}"
            )
            yield _encoding(cursor)
            faults = roles.faults(cursor)
            if faults is None:  # the roles need no such right
                yield _rights(cursor)
            yield _roles(faults)
            yield _last_batch(cursor)
    except LoaderError as error:
        yield Finding("server", FAIL, "it cannot be used", str(error))


def _encoding(cursor: Cursor) -> Finding:
    found = str(_one(cursor, "show server_encoding"))
    if found == "UTF8":
        return Finding("encoding", OK, found)
    return Finding(
        "encoding",
        FAIL,
        f"the database is {found}; some names of cities will not fit",
        "make another: create database olist encoding 'UTF8' template template0",
    )


def _rights(cursor: Cursor) -> Finding:
    may = _one(cursor, "select has_database_privilege(current_database(), 'create')")
    user = _one(cursor, "select current_user")
    if may:
        return Finding("rights", OK, f"{user} may create schemas")
    return Finding(
        "rights",
        FAIL,
        f"{user} may not create schemas in this database",
        f"as its owner: grant create on database … to {user}",
    )


def _roles(faults: list[str] | None) -> Finding:
    if faults is None:
        return Finding(
            "roles", OK, "none here: one user does all ('olist roles' makes three with less rights)"
        )
    if faults:
        return Finding("roles", WARN, "; ".join(faults), "run 'olist roles'")
    called = ", ".join(roles.names().values())
    return Finding("roles", OK, f"{called}: each has its rights and limits")


def _last_batch(cursor: Cursor) -> Finding:
    if not ledger.exists(cursor):
        return Finding("last load", OK, "none yet: 'olist land PATH'")
    cursor.execute(
        "select batch_id, status, coalesce(error, source) from raw._batches"
        " order by batch_id desc limit 1"
    )
    row = cursor.fetchone()
    if row is None:
        return Finding("last load", OK, "none yet: 'olist land PATH'")
    number, status, what = row
    if status == "started":
        return Finding(
            "last load", OK, f"batch {number} is running, or its load was killed: {what}"
        )
    if status in {"landed", "unchanged"}:
        return Finding("last load", OK, f"batch {number} {status}: {what}")
    return Finding("last load", WARN, f"batch {number} {status}: {what}", "mend it and land again")


def _one(cursor: Cursor, statement: str) -> object:
    cursor.execute(statement)
    row = cursor.fetchone()
    return row[0] if row else None
