"""The gate of ad hoc SQL: PostgreSQL's own parser lets one harmless SELECT through.

Everything is refused that allowed.yml does not list. What the list should miss meets a reader's
rights, a read-only transaction that is always rolled back, limits, and a connection used once.
"""

from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

import psycopg
import yaml
from pglast import ast, parse_sql
from pglast.parser import ParseError

from agent.find import READABLE
from loaders import connection, roles
from loaders.dbt import schema_of
from loaders.errors import LoaderError, shown

Rows = tuple[list[str], list[tuple[Any, ...]]]
SECONDS, ROWS, LETTERS, ROW_BYTES = 10, 200, 10_000, 100_000
_ALLOWED = {
    kind: frozenset(names.split())
    for kind, names in yaml.safe_load(
        Path(__file__).with_name("allowed.yml").read_text("utf-8")
    ).items()
}
_CLOCK = 8  # of SQLValueFunction: CURRENT_DATE and other times come before names of users
_AT_ONCE = BoundedSemaphore(4)  # of the 20 connections that the reader may have


def checked(query: str) -> str:
    """The text of the only statement. Raises LoaderError, which says what is allowed."""
    if len(query) > LETTERS or "\0" in query:
        raise _refused(f"it has a null character or more than {LETTERS} characters")
    try:
        statements = parse_sql(query)
    except (ParseError, ValueError) as error:
        raise _refused(f"PostgreSQL cannot read it: {error.args[0]}") from error
    if len(statements) != 1:
        raise _refused(f"it has {len(statements)} statements")
    waiting: list[Any] = [statements[0]]
    while waiting:
        node = waiting.pop()
        if isinstance(node, tuple):
            waiting += node
        elif isinstance(node, ast.Node):
            if reason := _fault(node):
                raise _refused(reason)
            waiting += (getattr(node, name) for name in node)
    begin, length = statements[0].stmt_location or 0, statements[0].stmt_len or len(query)
    return query[begin : begin + length]


def _fault(node: Any) -> str | None:
    """Why one node of the tree is refused."""
    what = type(node).__name__
    found, is_refused = what, what not in _ALLOWED["nodes"]
    match what:
        case "RangeVar":
            # The catalogue comes first in any search path; all its tables begin with pg_.
            found = ".".join(filter(None, (node.catalogname, node.schemaname, node.relname)))
            readable = node.schemaname in {*map(schema_of, READABLE)} and not node.catalogname
            is_refused = found.startswith("pg_") if found == node.relname else not readable
        case "CommonTableExpr":
            found, is_refused = node.ctename, node.ctename.startswith("pg_")
        case "WithClause":
            found, is_refused = "with recursive", node.recursive
        case "FuncCall":
            found = _plain(node.funcname)
            is_refused = found not in _ALLOWED["functions"]
        case "TypeName":
            found = _plain(node.names)
            is_refused = found not in _ALLOWED["types"]
        case "A_Expr":
            found = _plain(node.name)
            is_refused = "." in found and len(node.name) > 1
        case "SQLValueFunction":
            is_refused = node.op > _CLOCK
    return f"it has {found} ({what})" if is_refused else None


def _plain(names: Any) -> str:
    """A name; PostgreSQL's own without their schema."""
    return ".".join(part.sval for part in names).removeprefix("pg_catalog.")


def _refused(reason: str) -> LoaderError:
    return LoaderError(
        f"refused, because {shown(reason, 150)}. Allowed is one SELECT on tables of marts and"
        " reports with common functions ('describe' has their columns)."
    )


def run(query: str, seconds: float = SECONDS, rows: int = ROWS) -> Rows:
    """Columns, and at most so many rows, of a query; nothing that it does stays.

    Raises LoaderError when it is refused or stopped.
    """
    # One statement cannot close the parenthesis. A huge row ends in the cast, and not here.
    size = "pg_column_size(answer.*)"  # a column may be named answer, too
    return _read(
        f"select * from (\n{checked(query)}\n) as answer where {size} < {ROW_BYTES}"  # noqa: S608
        f" or cast({size} || ' bytes are too many for a row' as integer) = 0",
        seconds,
        rows,
    )


def _read(statement: str, seconds: float, rows: int) -> Rows:
    """What a statement gives as the reader, whatever it is: a cursor takes one SELECT only."""
    limits = {
        "statement_timeout": f"{seconds * 1000:.0f}",
        "lock_timeout": "2000",
        "idle_in_transaction_session_timeout": "60000",
        "standard_conforming_strings": "on",
        "search_path": ", ".join(f'"{schema_of(schema)}"' for schema in READABLE),
    }
    settings = ", ".join(f"set_config('{name}', %s, true)" for name in limits)
    # Where the user in use is another, the reader's rights are taken for the transaction.
    become = (
        "select set_config('role', rolname, true) from pg_roles where rolname = %s"
        " and rolname <> current_user and pg_has_role(rolname, 'member')"
        " and has_schema_privilege(rolname, %s, 'usage')"
    )
    try:
        with _AT_ONCE, roles.as_role(roles.READER):
            url = connection.url_of(connection.environment())
            link = psycopg.connect(url, application_name="olist sql", client_encoding="UTF8")
            try:
                link.read_only = True
                link.execute(f"select {settings}", [*limits.values()])
                link.execute(become, [roles.names()[roles.READER], schema_of("marts")])
                with link.cursor("answer") as cursor:  # of the server: the extended protocol
                    cursor.execute(statement)
                    found = cursor.fetchmany(rows)
                    return [column.name for column in cursor.description or ()], found
            finally:
                link.close()  # which rolls back
    except psycopg.errors.QueryCanceled as error:
        reason = f"the query was stopped after {seconds:g} seconds: ask for less."
        raise LoaderError(reason) from error
    except psycopg.Error as error:
        reason = error.diag.message_primary or str(error).strip()
        raise LoaderError(f"PostgreSQL stopped the query: {shown(reason, 200)}.") from error
