"""``olist roles``: make the three roles, or mend them."""

from collections.abc import Callable

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extensions import encrypt_password

from loaders import connection
from loaders.connection import ROLES
from loaders.errors import LoaderError
from loaders.roles import passwords
from loaders.roles.arrange import arrange
from loaders.roles.names import KINDS, names, variable
from loaders.roles.owners import arranged, strays

_ATTRIBUTES = {
    "rolcanlogin": ("login", True),
    "rolsuper": ("nosuperuser", False),
    "rolcreatedb": ("nocreatedb", False),
    "rolcreaterole": ("nocreaterole", False),
    "rolreplication": ("noreplication", False),
    "rolbypassrls": ("nobypassrls", False),
}


def make(
    say: Callable[[str], None] = print, *, timeout: str | None = None, renew: bool = False
) -> None:
    """Make the roles where they are missing, and set their rights in this database.

    Repeating it changes nothing. ``timeout`` is how long a statement of the reader may take, as
    PostgreSQL writes it (``5min``; None: as it was, 60s at first); ``renew`` sets new passwords.
    Raises LoaderError when the user in use may not, and leaves the database as it was.
    """
    called = names()
    try:
        with connection.connect() as link, link.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(%s)", (ROLES,))
            is_superuser = _check_user(cursor)
            cursor.execute("select rolname from pg_roles")
            there = {name for (name,) in cursor.fetchall()}
            new = _new_passwords({kind for kind in KINDS if called[kind] in there}, renew)
            for kind, name in called.items():
                _make_role(cursor, name, name in there, is_superuser)
                if kind in new:
                    _set_password(link, name, new[kind])
            left = arrange(cursor, timeout)
    except psycopg2.Error as error:
        reason = connection.reason_of(error)
        raise LoaderError(f"The roles could not be made: {reason}; nothing was changed.") from error
    say(
        f"Roles: {called['loader']} writes raw; {called['transformer']} reads raw and builds;"
        f" {called['reader']} reads marts and reports ('olist env --role reader')."
    )
    if left:
        say(f"For the owner of the database, or a superuser, to run: {'; '.join(left)}.")


def mend() -> bool:
    """Give what another user has made in the roles' schemas to its owner again.

    Returns whether the roles are in use in this database. Raises LoaderError.
    """
    with connection.connect() as link, link.cursor() as cursor:
        if not arranged(cursor):
            return False
        is_right = not strays(cursor)
    if not is_right:
        make(lambda _: None)
    return True


def _check_user(cursor: Cursor) -> bool:
    """Return whether the user in use is a superuser. Raises LoaderError for one who may not."""
    cursor.execute(
        "select rolname, rolsuper, rolsuper or rolcreaterole from pg_roles"
        " where rolname = current_user"
    )
    user, is_superuser, may = cursor.fetchone() or ("?", False, False)
    if user in names().values():
        raise LoaderError(
            f"You are {user}, one of the roles themselves: run 'olist roles' as the owner of the"
            " database."
        )
    if not may:
        raise LoaderError(
            f"The user {user} may not make roles: run 'olist roles' as one with createrole, or let"
            f" an administrator run 'alter role {user} createrole'."
        )
    return bool(is_superuser)


def _new_passwords(existing: set[str], renew: bool) -> dict[str, str]:
    """Return the passwords to set, by kind; those that are generated are kept first.

    Raises LoaderError for a role that exists with a password that is not known here: it may be
    another warehouse's, and would be locked out, or let in.
    """
    known, embedded = passwords.known(), passwords.is_embedded()
    new: dict[str, str] = {}
    generated: dict[str, str] = {}
    for kind in KINDS:
        if kind in existing and not renew:
            if kind in known and _logs_in(kind, known[kind]):
                continue
            if not embedded:
                raise LoaderError(
                    f"The role {names()[kind]} exists, and its password is not known here: set"
                    f" {variable(kind, 'PASSWORD')} to it, choose another name with"
                    f" {variable(kind, 'ROLE')}, or give it a new password with --new-passwords."
                )
        if passwords.given(kind) or (kind in known and kind not in existing):
            new[kind] = known[kind]
        else:
            new[kind] = generated[kind] = passwords.generate()
    if generated:
        passwords.keep(generated)
    return new


def _logs_in(kind: str, password: str) -> bool:
    where = {**connection.environment(), "PGUSER": names()[kind], "PGPASSWORD": password}
    try:
        with connection.connect(where=where):
            return True
    except LoaderError as error:
        # Anything else (pg_hba.conf, the number of connections) a new password would not mend.
        return "password" not in str(error)


def _make_role(cursor: Cursor, name: str, exists: bool, is_superuser: bool) -> None:
    role = sql.Identifier(name)
    if not exists:
        cursor.execute(sql.SQL("create role {} login").format(role))
    cursor.execute(
        sql.SQL("select {} from pg_roles where rolname = %s").format(
            sql.SQL(", ").join(map(sql.Identifier, _ATTRIBUTES))
        ),
        (name,),
    )
    found = cursor.fetchone() or ()
    wrong = [
        word
        for (word, wanted), value in zip(_ATTRIBUTES.values(), found, strict=True)
        if value is not wanted
    ]
    if wrong:
        cursor.execute(sql.SQL("alter role {} " + " ".join(wrong)).format(role))
    if not is_superuser:
        # Giving an object to a role takes membership, and so does working on with what it owns.
        cursor.execute(sql.SQL("grant {} to current_user").format(role))


def _set_password(link: Connection, name: str, password: str) -> None:
    """Send what the server keeps of a password, and not the password: statements may be logged."""
    verifier = encrypt_password(password, name, scope=link, algorithm="scram-sha-256")
    with link.cursor() as cursor:
        cursor.execute(
            sql.SQL("alter role {} password {}").format(sql.Identifier(name), sql.Literal(verifier))
        )
