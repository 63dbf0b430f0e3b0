"""The rights of the three roles in one database, set in one transaction."""

from psycopg2 import errors, sql
from psycopg2.extensions import cursor as Cursor

from loaders.roles.names import BUILT, LOADER, RAW, READ, READER, TRANSFORMER, names
from loaders.roles.owners import hand_over

# An idle transaction of a reader holds locks that dbt's swap of a table has to wait for.
_READER_SETTINGS = {
    "default_transaction_read_only": "on",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "5min",
    "search_path": ", ".join(READ),
}

# Who has a right that everybody has cannot lose it alone, so everybody does. Only the owner of a
# database, and for large objects only a superuser, can take it.
_EVERYBODY = (
    "revoke create, temporary on database {database} from public",
    "revoke create on schema public from public",
    "revoke execute on function lo_create(oid), lo_creat(integer), lo_from_bytea(oid, bytea)"
    " from public",
)

_RIGHTS = """
revoke all on database {database} from {loader}, {transformer}, {reader};
grant connect on database {database} to {loader}, {transformer}, {reader};
grant temporary on database {database} to {loader}, {transformer};

revoke all on schema {raw}, {built} from public, {loader}, {transformer}, {reader};
grant usage, create on schema {raw} to {loader};
grant usage, create on schema {built} to {transformer};
grant usage on schema {raw} to {transformer};
grant usage on schema {read} to {reader};

revoke all on all tables in schema {raw} from public, {transformer}, {reader};
grant select on all tables in schema {raw} to {transformer};
revoke all on all tables in schema {built} from public, {loader}, {reader};
grant select on all tables in schema {read} to {reader};

alter default privileges for role {loader} in schema {raw} grant select on tables to {transformer};
alter default privileges for role {transformer} in schema reports grant select on tables to {reader}
"""


def arrange(cursor: Cursor, timeout: str | None) -> list[str]:
    """Give each role its rights, and take from it and from everybody what it is not to have.

    The roles exist. ``timeout`` is the reader's, in PostgreSQL's words; None keeps the one it has.
    Returns what could not be taken from everybody. Raises psycopg2.Error.
    """
    hand_over(cursor)
    called = names()
    parts = {
        "database": sql.Identifier(cursor.connection.info.dbname),
        "raw": sql.Identifier(RAW),
        "built": _list(BUILT),
        "read": _list(READ),
        **{kind: sql.Identifier(called[kind]) for kind in (LOADER, TRANSFORMER, READER)},
    }
    cursor.execute(sql.SQL(_RIGHTS).format(**parts))
    _configure_reader(cursor, timeout)
    statements = [sql.SQL(text).format(**parts) for text in _EVERYBODY]
    return [text.as_string(cursor) for text in statements if not _taken(cursor, text)]


def _configure_reader(cursor: Cursor, timeout: str | None) -> None:
    cursor.execute(
        "select unnest(setconfig) from pg_db_role_setting"
        " where setdatabase = (select oid from pg_database where datname = current_database())"
        " and setrole = (select oid from pg_roles where rolname = %s)",
        (names()[READER],),
    )
    there = {setting.partition("=")[0] for (setting,) in cursor.fetchall()}
    for name, value in _READER_SETTINGS.items():
        if name == "statement_timeout" and timeout is None and name in there:
            continue
        chosen = timeout if timeout and name == "statement_timeout" else value
        cursor.execute(
            sql.SQL("alter role {} in database {} set {} = {}").format(
                sql.Identifier(names()[READER]),
                sql.Identifier(cursor.connection.info.dbname),
                sql.Identifier(name),
                # a list of schemas is no string
                sql.SQL(value) if name == "search_path" else sql.Literal(chosen),
            )
        )


def _taken(cursor: Cursor, statement: sql.Composed) -> bool:
    """Try it; PostgreSQL refuses or only warns whoever has not granted the right."""
    link = cursor.connection
    del link.notices[:]
    cursor.execute("savepoint taking")
    try:
        cursor.execute(statement)
    except errors.InsufficientPrivilege:
        cursor.execute("rollback to savepoint taking")
        return False
    return not link.notices


def _list(schemas: tuple[str, ...]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, schemas))
