"""Three roles that may do no more than they have to (``olist roles``, docs/roles.md).

The loader writes schema ``raw``; the transformer reads it and owns what dbt makes; the reader reads
``marts`` and ``reports``. The embedded server has them from the beginning.
"""

import json
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import errors, sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extensions import encrypt_password

from loaders import connection, server
from loaders.errors import LoaderError
from loaders.server import files

LOADER, TRANSFORMER, READER = KINDS = ("loader", "transformer", "reader")
RAW = "raw"
# Every schema that the dbt project puts something in: the transformer may not make another.
BUILT = ("staging", "intermediate", "marts", "reports", "audit", "seeds")
READ = ("marts", "reports")
TIMEOUT = "60s"
PASSWORDS = "roles.json"

_TIMEOUTS = ("statement_timeout", "idle_in_transaction_session_timeout")
_LOCK = 0x0115_7004  # one making of roles at a time
# What needs no quotes: dbt writes names of grantees without them.
_NAME = re.compile(r"(?!pg_)[a-z_][a-z0-9_]{0,62}")
_ATTRIBUTES = "nosuperuser nocreatedb nocreaterole noreplication nobypassrls"


@dataclass(frozen=True)
class Access:
    """Libpq variables by which each part of a build reaches the database."""

    loader: dict[str, str]
    transformer: dict[str, str]
    reader: dict[str, str]
    has_roles: bool


def names() -> dict[str, str]:
    """Name of each role in the database, by kind: ``OLIST_<KIND>_ROLE``, else ``olist_<kind>``.

    Roles belong to a whole server, so two warehouses on one may want other names for theirs.
    Raises LoaderError when one is no plain name or two are the same.
    """
    found = {kind: os.environ.get(variable(kind, "ROLE")) or f"olist_{kind}" for kind in KINDS}
    for kind, name in found.items():
        if not _NAME.fullmatch(name):
            raise LoaderError(
                f"{variable(kind, 'ROLE')} must be lower-case letters, digits and underscores"
                f" (not beginning with pg_), not '{name}'."
            )
    if len(set(found.values())) < len(found):
        raise LoaderError("OLIST_LOADER_ROLE, OLIST_TRANSFORMER_ROLE and OLIST_READER_ROLE differ.")
    return found


def variable(kind: str, what: str) -> str:
    """Name of the environment variable that says something about a role."""
    return f"OLIST_{kind.upper()}_{what}"


def access(say: Callable[[str], None] = print) -> Access:
    """Return how a build reaches the database, and say so.

    By the roles where 'olist roles' was run and their passwords are known, else all is done as the
    user of the server in use. Raises LoaderError.
    """
    user, called = connection.environment(), names()
    reason = None
    if user["PGUSER"] in called.values():
        reason = "it is one of the roles itself"
    elif unknown := [called[kind] for kind in KINDS if kind not in _known()]:
        reason = f"the password of {unknown[0]} is not known here (run 'olist roles')"
    else:
        with connection.connect() as link, link.cursor() as cursor:
            if not _arranged(cursor):
                reason = "this database has no roles (run 'olist roles')"
    if reason:
        say(f"Roles: everything is done as {user['PGUSER']}, for {reason}.")
        return Access(user, user, user, has_roles=False)
    say(f"Roles: {called[LOADER]} lands, {called[TRANSFORMER]} builds, {called[READER]} reads.")
    return Access(credentials(LOADER), credentials(TRANSFORMER), credentials(READER), True)


@contextmanager
def acting(kind: str) -> Iterator[None]:
    """Do the work of the block as a role of the embedded server, where it has the roles.

    Variables that the environment sets are obeyed as they are.
    """
    if connection.external() is not None or not server.is_running() or kind not in _known():
        yield
        return
    with connection.acting(credentials(kind)):
        yield


def for_dbt() -> dict[str, str] | None:
    """Return the variables of the embedded server for dbt; None when there is no such server."""
    owner = server.environment()
    return owner if owner is None or TRANSFORMER not in _known() else credentials(TRANSFORMER)


def credentials(kind: str) -> dict[str, str]:
    """Return the variables by which a role reaches the database.

    Raises LoaderError when its password is not known here.
    """
    password = _known().get(kind)
    if password is None:
        raise LoaderError(
            f"The password of {names()[kind]} is not known here: run 'olist roles', or set"
            f" {variable(kind, 'PASSWORD')}."
        )
    return {**connection.environment(), "PGUSER": names()[kind], "PGPASSWORD": password}


def make(
    say: Callable[[str], None] = print,
    *,
    timeout: str = TIMEOUT,
    renew: bool = False,
) -> None:
    """Make the roles where they are missing, and set their rights and limits in this database.

    What others made in their schemas is given to them, what they have too much is taken. Repeating
    it changes nothing. ``timeout`` is how long a statement of the reader may take, as PostgreSQL
    writes it (``5min``); ``renew`` sets new passwords. Raises LoaderError when the user in use may
    not, and leaves the database as it was.
    """
    called = names()
    try:
        with connection.connect() as link, link.cursor() as cursor:
            is_superuser = _check_user(cursor)
            cursor.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
            _make_roles(link, renew, is_superuser)
            refused = _arrange(cursor, timeout)
    except psycopg2.Error as error:
        reason = connection.reason_of(error)
        raise LoaderError(f"The roles could not be made: {reason}; nothing was changed.") from error
    say(
        f"Roles: {called[LOADER]} writes raw; {called[TRANSFORMER]} reads raw and builds;"
        f" {called[READER]} reads marts and reports ('olist env --role reader')."
    )
    for statement in refused:
        say(f"For the owner of the database, or a superuser, to run: {statement}")


def faults(cursor: Cursor) -> list[str] | None:
    """Say what 'olist roles' would put right in this database; None where there are no roles."""
    if not _arranged(cursor):
        return None
    found = [what for what, _ in _repairs(cursor)]
    for kind, name in names().items():
        if kind not in _known():
            found.append(f"the password of {name} is not known here")
        elif not _logs_in(kind):
            found.append(f"{name} has another password than the one known here")
    cursor.execute(
        "select unnest(setconfig) from pg_db_role_setting where setdatabase = 0"
        " and setrole = to_regrole(%s)",
        (names()[READER],),
    )
    limits = dict(str(row[0]).split("=", 1) for row in cursor.fetchall())
    for name in ("default_transaction_read_only", *_TIMEOUTS):
        if limits.get(name) in {None, "off", "0"}:
            found.append(f"{names()[READER]} has given up its limit {name}")
    return found


def _is_embedded() -> bool:
    """Whether the server in use is the embedded one, also where variables name it."""
    named = connection.external()
    if named is None:
        return True
    try:
        own = server.environment()
    except LoaderError:  # another user's, so not ours
        return False
    return own is not None and all(named[name] == own[name] for name in ("PGHOST", "PGPORT"))


def _check_user(cursor: Cursor) -> bool:
    """Return whether the user in use is a superuser. Raises LoaderError for one who may not."""
    cursor.execute(
        "select rolname, rolsuper, rolcreaterole from pg_roles where rolname = current_user"
    )
    ((user, is_superuser, may),) = cursor.fetchall()
    if user in names().values():
        raise LoaderError(
            f"You are {user}, one of the roles themselves: run 'olist roles' as the owner of the"
            " database."
        )
    if not (may or is_superuser):
        raise LoaderError(
            f"The user {user} may not make roles: run 'olist roles' as one with createrole, or let"
            f" an administrator run 'alter role {user} createrole'."
        )
    return bool(is_superuser)


def _make_roles(link: Connection, renew: bool, is_superuser: bool) -> None:
    with link.cursor() as cursor:
        cursor.execute(
            "select rolname, not rolcanlogin or rolsuper or rolcreatedb or rolcreaterole"
            " or rolreplication or rolbypassrls from pg_roles"
        )
        there = dict(cursor.fetchall())
        new = _new_passwords({kind for kind in KINDS if names()[kind] in there}, renew)
        for kind, name in names().items():
            role = sql.Identifier(name)
            if name not in there:
                cursor.execute(sql.SQL("create role {} login").format(role))
            elif there[name]:
                cursor.execute(sql.SQL(f"alter role {{}} login {_ATTRIBUTES}").format(role))
            if not is_superuser:
                # Giving an object to a role takes membership, and so does working on with it.
                cursor.execute(sql.SQL("grant {} to current_user").format(role))
            if kind in new:
                # What the server keeps of a password, not the password: statements may be logged.
                verifier = encrypt_password(new[kind], name, link, "scram-sha-256")
                cursor.execute(
                    sql.SQL("alter role {} password {}").format(role, sql.Literal(verifier))
                )


def _new_passwords(existing: set[str], renew: bool) -> dict[str, str]:
    """Return the passwords to set, by kind; those that are generated are kept first.

    Raises LoaderError for a role that exists with a password that is not known here: it may be
    another warehouse's, and would be locked out, or let in.
    """
    known = _known()
    new: dict[str, str] = {}
    generated: dict[str, str] = {}
    for kind in KINDS:
        given = os.environ.get(variable(kind, "PASSWORD"))
        if kind in existing and not renew:
            if kind in known and _logs_in(kind):
                continue
            if not _is_embedded():
                raise LoaderError(
                    f"The role {names()[kind]} exists, and its password is not known here: set"
                    f" {variable(kind, 'PASSWORD')} to it, choose another name with"
                    f" {variable(kind, 'ROLE')}, or give it a new password with --new-passwords."
                )
        if given or (kind in known and not renew):
            new[kind] = known[kind]
        else:
            new[kind] = generated[names()[kind]] = secrets.token_urlsafe(24)
    if generated:
        with files.locked():
            kept = files.read_json(PASSWORDS)
            kept[_server()] = {**kept.get(_server(), {}), **generated}
            files.write(PASSWORDS, json.dumps(kept, indent=2) + "\n")
    return new


def _known() -> dict[str, str]:
    """Passwords by kind, as far as they are known here: a variable wins over what is kept."""
    kept: dict[str, Any] = files.read_json(PASSWORDS).get(_server(), {})
    found = {
        kind: os.environ.get(variable(kind, "PASSWORD")) or kept.get(name)
        for kind, name in names().items()
    }
    return {kind: str(password) for kind, password in found.items() if password}


def _server() -> str:
    """What a server is kept under; the embedded one may have another port after each start."""
    where = connection.environment()
    return "embedded" if _is_embedded() else f"{where['PGHOST']}:{where['PGPORT']}"


def _logs_in(kind: str) -> bool:
    try:
        with connection.connect(where=credentials(kind)):
            return True
    except LoaderError as error:
        # Anything else (pg_hba.conf, the number of connections) a new password would not put right.
        return "password" not in str(error)


def _owners() -> dict[str, str]:
    return {RAW: names()[LOADER], **dict.fromkeys(BUILT, names()[TRANSFORMER])}


def _arranged(cursor: Cursor) -> bool:
    """Whether the roles own the schemas of this database."""
    cursor.execute("select nspname, pg_get_userbyid(nspowner) from pg_namespace")
    return _owners().items() <= dict(cursor.fetchall()).items()


def _sql(cursor: Cursor, timeout: str = TIMEOUT) -> list[str]:
    """The parts of roles.sql, with the names of this database."""
    called, owners = names(), _owners()
    schemas = {"built": BUILT, "read": READ, "raw": (RAW,)}
    known = {
        "database": sql.Identifier(cursor.connection.info.dbname),
        "timeout": sql.Literal(timeout),
        "schemas": sql.Literal([*owners]),
        "owners": sql.Literal([*owners.values()]),
        "roles": sql.Literal([*called.values()]),
        **{name: sql.SQL(", ").join(map(sql.Identifier, some)) for name, some in schemas.items()},
        **{kind: sql.Identifier(name) for kind, name in called.items()},
    }
    text = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    return sql.SQL(text).format(**known).as_string(cursor).split("-- Part ")[1:]


def _repairs(cursor: Cursor) -> list[tuple[str, str]]:
    """What is wrong in the database, and the statement that puts it right."""
    cursor.execute(f"-- {_sql(cursor)[0]}")
    return cursor.fetchall()


def _arrange(cursor: Cursor, timeout: str) -> list[str]:
    """Run roles.sql; return what could not be done for want of rights. Raises psycopg2.Error."""
    cursor.execute("set local lock_timeout = '30s'")  # a table is in use: not for ever
    for schema, owner in _owners().items():
        text = "create schema if not exists {0} authorization {1}; alter schema {0} owner to {1}"
        cursor.execute(sql.SQL(text).format(sql.Identifier(schema), sql.Identifier(owner)))
    for _, statement in _repairs(cursor):
        cursor.execute(statement)
    _, rights, more = _sql(cursor, timeout)
    cursor.execute(f"-- {rights}")
    refused = []
    for statement in more.split("\n\n")[1:]:
        del cursor.connection.notices[:]
        cursor.execute("savepoint trying")
        try:
            cursor.execute(statement)
        except errors.InsufficientPrivilege:
            cursor.execute("rollback to savepoint trying")
            refused.append(statement.strip())
            continue
        # PostgreSQL only warns whoever revokes what he has not granted.
        if cursor.connection.notices:
            refused.append(statement.strip())
    return refused
