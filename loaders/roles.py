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
from pathlib import Path
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extensions import encrypt_password

from loaders import connection, server
from loaders.dbt import POSTGRES, target_of
from loaders.errors import LoaderError
from loaders.server import files

LOADER, TRANSFORMER, READER = KINDS = ("loader", "transformer", "reader")
# Every schema that the dbt project puts something in: the transformer may not make another.
BUILT = ("staging", "intermediate", "marts", "reports", "audit", "seeds")
TIMEOUT = "60s"
PASSWORDS = "roles.json"

_LOCK = 0x0115_7004  # one making of roles at a time
# What needs no quotes: dbt writes names of grantees without them.
_NAME = re.compile(r"(?!pg_)[a-z_][a-z0-9_]{0,62}")

Variables = dict[str, str]


def variable(kind: str, what: str) -> str:
    """Name of the environment variable that says something about a role."""
    return f"OLIST_{kind.upper()}_{what}"


def names() -> dict[str, str]:
    """Name of each role in the database, by kind: ``OLIST_<KIND>_ROLE``, else ``olist_<kind>``.

    Raises LoaderError when one is no plain name or two are the same.
    """
    found = {kind: os.environ.get(variable(kind, "ROLE")) or f"olist_{kind}" for kind in KINDS}
    if len({*found.values()}) < len(found) or not all(map(_NAME.fullmatch, found.values())):
        raise LoaderError(
            f"{', '.join(variable(kind, 'ROLE') for kind in KINDS)} must be three names of"
            " lower-case letters, digits and underscores, not beginning with pg_."
        )
    return found


def credentials(kind: str) -> Variables:
    """Return the variables by which a role reaches the database.

    Raises LoaderError when its password is not known here.
    """
    password = _known().get(kind)
    if password is None:
        raise LoaderError(
            f"The password of {names()[kind]} is unknown: run 'olist roles', or set"
            f" {variable(kind, 'PASSWORD')}."
        )
    return {**connection.environment(), "PGUSER": names()[kind], "PGPASSWORD": password}


def access(say: Callable[[str], None] = print) -> dict[str, Variables]:
    """Return the variables by which each kind of role reaches the database, and say so.

    Where the roles are not made, or a password is not known, all are the user of the server in use.
    Raises LoaderError.
    """
    user, called = connection.environment(), names()
    if user["PGUSER"] in called.values():
        reason = "it is one of the roles itself"
    elif len(_known()) < len(KINDS) or not are_made():
        reason = "there are no roles or their passwords are unknown (run 'olist roles')"
    else:
        acting = [kind for kind in KINDS if _acts(kind)]
        does = {LOADER: "lands", TRANSFORMER: "builds", READER: "reads"}
        said = [
            f"{called[kind] if kind in acting else user['PGUSER']} {does[kind]}" for kind in KINDS
        ]
        say(f"Roles: {', '.join(said)}.")
        return {kind: credentials(kind) if kind in acting else user for kind in KINDS}
    say(f"Roles: not used, everything runs as {user['PGUSER']}, because {reason}.")
    return dict.fromkeys(KINDS, user)


@contextmanager
def as_role(kind: str) -> Iterator[None]:
    """Do the work of the block as a role of the embedded server, where it has the roles.

    Variables that the environment sets are obeyed as they are.
    """
    is_named = connection.external() is not None
    if is_named or not _acts(kind) or not server.is_running() or kind not in _known():
        yield
        return
    with connection.as_role(credentials(kind)):
        yield


def for_dbt(target: str) -> Variables | None:
    """Return the variables of the embedded server for dbt; None when there is no such server."""
    owner = server.environment()
    if owner is None or TRANSFORMER not in _known() or not _acts(TRANSFORMER, target):
        return owner
    return credentials(TRANSFORMER)


def _acts(kind: str, target: str | None = None) -> bool:
    """Whether a role does the work: of another target than production only the loader does.

    The transformer may not create its schemas, nor the reader enter them (docs/team.md).
    """
    return kind == LOADER or (target or target_of()) == POSTGRES


def are_made() -> bool:
    """Whether the roles own the schemas of this database."""
    with connection.connect() as link, link.cursor() as cursor:
        cursor.execute("select nspname, pg_get_userbyid(nspowner) from pg_namespace")
        return _owners().items() <= dict(cursor.fetchall()).items()


def make(
    say: Callable[[str], None] = print, *, timeout: str = TIMEOUT, renew: bool = False
) -> None:
    """Make the roles where they are missing, and set their rights and limits in this database.

    What others made in their schemas is given to them, what they have too much is taken. Repeating
    it changes nothing. ``timeout`` is how long a statement of the reader may take, as PostgreSQL
    writes it (``5min``); ``renew`` sets new passwords. Raises LoaderError or psycopg2.Error when
    the user in use may not, and leaves the database as it was.
    """
    with connection.connect() as link, link.cursor() as cursor:
        cursor.execute(
            "select rolsuper, rolcreaterole and pg_has_role(datdba, 'usage') from pg_roles"
            " join pg_database on datname = current_database() where rolname = current_user"
        )
        ((is_superuser, may),) = cursor.fetchall()
        if not (is_superuser or may):
            raise LoaderError(
                "Only the owner of the database with createrole, or a"
                f" superuser, can create roles; {connection.environment()['PGUSER']} is neither."
            )
        cursor.execute("set local lock_timeout = '30s'")  # a table is in use: not for ever
        cursor.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
        _make_roles(link, cursor, renew=renew)
        repairs, rights, of_superuser, of_embedded = _sql(cursor, timeout)
        cursor.execute(repairs)
        for _, statement in cursor.fetchall():
            cursor.execute(statement)
        cursor.execute(rights)
        if is_superuser:
            cursor.execute(of_superuser + of_embedded)
    say(
        "Roles: {loader} writes raw; {transformer} reads raw and builds; {reader} reads marts and"
        " reports ('olist env --role reader').".format(**names())
    )
    if not is_superuser:
        say(f"For a superuser to run: {of_superuser.strip()}")


def faults(cursor: Cursor) -> list[str] | None:
    """Say what 'olist roles' would put right in this database; None where there are no roles."""
    if not are_made():
        return None
    cursor.execute(_sql(cursor)[0])
    found = [what for what, _ in cursor.fetchall()]
    for kind, name in names().items():
        if kind not in _known():
            found.append(f"the password of {name} is not known here")
        elif not _logs_in(kind):
            found.append(f"{name} has another password than the one known here")
    return found


def _make_roles(link: Connection, cursor: Cursor, *, renew: bool) -> None:
    """Make the roles that are missing, and set the passwords that are new; generated ones are kept.

    Raises LoaderError for a role that exists with a password that is not known here: it may be
    another warehouse's, and would be locked out, or let in.
    """
    known, generated = _known(), {}
    for kind, name in names().items():
        role = sql.Identifier(name)
        cursor.execute("select from pg_roles where rolname = %s", (name,))
        exists = bool(cursor.rowcount)
        if not exists:
            cursor.execute(sql.SQL("create role {} login").format(role))
        # Giving an object to a role takes membership, and so does working on with it.
        cursor.execute(sql.SQL("grant {} to current_user").format(role))
        if exists and not renew and kind in known and _logs_in(kind):
            continue
        if exists and not renew and _server() != "embedded":
            raise LoaderError(
                f"The role {name} exists, but its password is unknown: set"
                f" {variable(kind, 'PASSWORD')} to it, choose another name with"
                f" {variable(kind, 'ROLE')}, or give it a new password with --new-passwords."
            )
        password = os.environ.get(variable(kind, "PASSWORD")) or (not renew and known.get(kind))
        if not password:
            password = generated[name] = secrets.token_urlsafe(24)
        # What the server keeps of a password, not the password: statements may be logged.
        verifier = sql.Literal(encrypt_password(password, name, link, "scram-sha-256"))
        cursor.execute(sql.SQL("alter role {} password {}").format(role, verifier))
    if generated:
        with files.locked():
            kept = files.read_json(PASSWORDS)
            kept[_server()] = {**kept.get(_server(), {}), **generated}
            files.write(PASSWORDS, json.dumps(kept, indent=2) + "\n")


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
    where, own = connection.environment(), server.environment()
    is_own = own is not None and all(where[name] == own[name] for name in ("PGHOST", "PGPORT"))
    return "embedded" if is_own else f"{where['PGHOST']}:{where['PGPORT']}"


def _logs_in(kind: str) -> bool:
    try:
        with connection.connect(where=credentials(kind)):
            return True
    except LoaderError as error:
        # Anything else (pg_hba.conf, the number of connections) a new password would not put right.
        return "password" not in str(error)


def _owners() -> dict[str, str]:
    return {"raw": names()[LOADER], **dict.fromkeys(BUILT, names()[TRANSFORMER])}


def _sql(cursor: Cursor, timeout: str = TIMEOUT) -> list[str]:
    """The parts of roles.sql, with the names of this database."""
    called, owners = names(), _owners()
    known = {
        "database": sql.Identifier(cursor.connection.info.dbname),
        "timeout": sql.Literal(timeout),
        "schemas": sql.Literal([*owners]),
        "owners": sql.Literal([*owners.values()]),
        "roles": sql.Literal([*called.values()]),
        "built": sql.SQL(", ").join(map(sql.Identifier, BUILT)),
        **{kind: sql.Identifier(name) for kind, name in called.items()},
    }
    text = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    return re.split("-- Part .*", sql.SQL(text).format(**known).as_string(cursor))[1:]
