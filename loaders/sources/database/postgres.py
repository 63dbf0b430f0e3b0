"""Read a PostgreSQL database: COPY of a query, in one read-only snapshot."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from typing import Any, cast

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from loaders.sources.database.engine import Column, Engine, Read, Sink
from loaders.sources.database.url import Address

ERRORS = (psycopg2.Error,)
_KINDS = {
    **dict.fromkeys(("int2", "int4", "int8", "numeric", "float4", "float8"), "number"),
    "timestamp": "moment",
    "timestamptz": "instant",
    "date": "day",
    "bytea": "bytes",
}
# A watermark is compared in its own type, so that an index on it serves; a day with a moment.
_COMPARED_AS = {"moment": "timestamp", "instant": "timestamptz", "day": "timestamp"}


def reason(error: BaseException) -> str:
    """Say what the server, or the client library, said: the part that tells what is wrong."""
    primary = error.diag.message_primary if isinstance(error, psycopg2.Error) else None
    lines = (primary or str(error)).strip().splitlines()
    return lines[0] if lines else "the connection was lost"


@contextmanager
def opened(address: Address) -> Iterator[Engine]:
    """Connect, and begin to read at one moment."""
    link = _connect(address)
    try:
        yield _PostgreSQL(link, address)
    finally:
        link.close()


@contextmanager
def _warehouse_hidden() -> Iterator[None]:
    """Hide libpq's variables: they are the warehouse's, and its password is not sent here."""
    hidden = {name: os.environ[name] for name in os.environ if name.startswith("PG")}
    kept = {"PGPASSFILE", "PGCONNECT_TIMEOUT"}
    try:
        for name in hidden.keys() - kept:
            del os.environ[name]
        yield
    finally:
        os.environ.update(hidden)


def _connect(address: Address) -> Connection:
    options: dict[str, Any] = {"connect_timeout": "10"} | dict(address.options)
    host = options.pop("socket", address.host)
    named = {"user": address.user, "password": address.password}
    options |= {name: value for name, value in named.items() if value}
    with _warehouse_hidden():
        link: Connection = psycopg2.connect(
            host=host,
            port=address.port,
            dbname=address.database,
            application_name="olist",
            client_encoding="UTF8",
            **options,
        )
    return link


class _PostgreSQL:
    def __init__(self, link: Connection, address: Address) -> None:
        self._cursor = link.cursor()
        self._schema = address.schema
        self._timezone = address.settings["timezone"]
        # Before the snapshot is taken: who is not seen here has begun after it.
        self.oldest = float(
            self._one(
                "select coalesce(extract(epoch from max(clock_timestamp() - xact_start)), 0)"
                " from pg_stat_activity where datname = current_database()"
                " and pid <> pg_backend_pid()"
            )
        )
        link.rollback()
        link.set_session(isolation_level="REPEATABLE READ", readonly=True)
        self._cursor.execute(
            "set local timezone = 'UTC'; set local datestyle = 'ISO, YMD';"
            " set local extra_float_digits = 1; set local statement_timeout = 0"
        )
        self.now = self._one("select localtimestamp")

    def _one(self, statement: str | sql.Composable) -> Any:
        self._cursor.execute(statement)
        row = self._cursor.fetchone()
        return row[0] if row else None

    def relations(self) -> dict[str, list[Column]]:
        self._cursor.execute(
            "select c.relname, a.attname, coalesce(b.typname, t.typname),"
            " format_type(coalesce(b.oid, t.oid), null), not (a.attnotnull or t.typnotnull)"
            " from pg_class as c"
            " join pg_namespace as n on n.oid = c.relnamespace"
            " join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped"
            " join pg_type as t on t.oid = a.atttypid"
            " left join pg_type as b on b.oid = t.typbasetype"  # of a domain
            " where n.nspname = %s and c.relkind in ('r', 'p', 'v', 'm', 'f')"
            " order by c.relname, a.attnum",
            (self._schema,),
        )
        found: dict[str, list[Column]] = {}
        for relation, name, base, shown, nullable in self._cursor:
            column = Column(name, _KINDS.get(base, "text"), shown, nullable)
            found.setdefault(relation, []).append(column)
        return found

    def newest(self, relation: str, column: Column) -> str | None:
        name = sql.Identifier(column.name)
        finite = sql.SQL(" where isfinite({})").format(name)
        return cast(
            str | None,
            self._one(
                sql.SQL("select max({})::text from {}{}").format(
                    name,
                    sql.Identifier(self._schema, relation),
                    finite if column.kind in _COMPARED_AS else sql.SQL(""),
                )
            ),
        )

    def write(self, read: Read, sink: Sink) -> None:
        columns = sql.SQL(", ").join(
            sql.SQL("{} as {}").format(self._text(name, column), sql.Identifier(name))
            for name, column in read.columns
        )
        order: list[sql.Composable] = [sql.Identifier(column.name) for column in read.order] or [
            sql.SQL('{} collate "C"').format(self._text(name, column))
            for name, column in read.columns
        ]
        query = sql.SQL("select {} from {}{} order by {}").format(
            columns,
            sql.Identifier(self._schema, read.relation),
            _reached(read),
            sql.SQL(", ").join(order),
        )
        copying = sql.SQL("copy ({}) to stdout (format csv, header true, encoding 'UTF8')")
        # Of a connection that is lost in the middle psycopg2 prints a trace, and raises it as well.
        with redirect_stderr(io.StringIO()):
            self._cursor.copy_expert(copying.format(query), sink)

    def _text(self, name: str, column: Column) -> sql.Composed:
        """Return the value as the CSV export writes it."""
        value = sql.Identifier(column.name)
        if column.kind == "instant":
            return sql.SQL("({} at time zone {})::text").format(value, sql.Literal(self._timezone))
        if column.kind == "number" and name.endswith("zip_code_prefix"):
            return sql.SQL("lpad({0}::text, greatest(5, length({0}::text)), '0')").format(value)
        return sql.SQL("{}::text").format(value)


def _reached(read: Read) -> sql.Composable:
    if read.watermark is None or read.since is None:
        return sql.SQL("")
    column = sql.Identifier(read.watermark.name)
    compared_as = _COMPARED_AS.get(read.watermark.kind, read.watermark.type)
    return sql.SQL(" where {} >= {}::{}{}").format(
        column,
        sql.Literal(read.since),
        sql.SQL(compared_as),
        sql.SQL(" or {} is null").format(column) if read.watermark.nullable else sql.SQL(""),
    )
