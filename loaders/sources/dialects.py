"""What each make of source database does its own way: connect, see one moment, write text.

SQLAlchemy has the URL, the connection and the catalog. The server writes the CSV, so no value
passes through Python's types: PostgreSQL by COPY, MySQL and MariaDB as one line per row.
"""

import io
import os
import ssl
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg2
import pymysql
import sqlalchemy
from sqlalchemy import URL, Connection, types
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from loaders.errors import LoaderError

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

ERRORS = (SQLAlchemyError, psycopg2.Error, pymysql.MySQLError, OSError)
_SSL_MODES = ("disabled", "preferred", "required", "verify_ca", "verify_identity")
# Kinds of values, by the first type that a column's type is one of.
_KINDS: tuple[tuple[type, str], ...] = (
    (mysql.FLOAT, "float"),  # single precision
    (mysql.TIMESTAMP, "instant"),  # of a time zone, as PostgreSQL's timestamptz
    (mysql.BIT, "bits"),
    (types.DateTime, "moment"),
    (types.Date, "day"),
    (types.Boolean, "flag"),
    (types.Integer, "number"),
    (types.Numeric, "number"),
    (types._Binary, "bytes"),
)


@dataclass(frozen=True)
class Column:
    """A column of the source: what its values are (see ``_KINDS``), and its type's name there."""

    name: str
    kind: str
    type: str


@dataclass(frozen=True)
class Read:
    """What to read of a relation: columns by their raw names, in the order of ``key``.

    Without a key the order is that of all values: equal rows are equal bytes. ``since`` keeps the
    rows whose ``watermark`` has reached it, or is empty; those with ``deleted`` set are left out.
    """

    relation: str
    columns: Mapping[str, Column]
    key: Sequence[Column]
    watermark: Column | None = None
    deleted: Column | None = None
    since: str | None = None


class Database:
    """An open source database, in one read-only transaction that sees one moment of it.

    ``now`` is its time (UTC, without a zone) and ``oldest`` the seconds since the oldest open
    transaction began that its user may see. Methods raise one of ``ERRORS``.
    """

    now: datetime
    oldest: float
    text = "text"  # what a value is cast to
    dated = "isfinite({})"  # condition of a time that is one
    unknown = "text"  # kind of a type that SQLAlchemy does not know

    def __init__(self, link: Connection, schema: str | None, zone: str) -> None:
        self._link = link
        self._schema = schema
        self._zone = zone

    def relations(self) -> list[str]:
        """Names of the tables and views."""
        found: Any = sqlalchemy.inspect(self._link)
        kinds = [found.get_table_names, found.get_view_names]
        if self._link.dialect.name == "postgresql":
            kinds += [found.get_materialized_view_names, found.get_foreign_table_names]
        return [name for names in kinds for name in names(self._schema)]

    def columns(self, relation: str) -> dict[str, Column]:
        """Columns of a table or view, by name."""
        with warnings.catch_warnings(action="ignore"):  # of types that SQLAlchemy does not know
            found = sqlalchemy.inspect(self._link).get_columns(relation, self._schema)
        return {one["name"]: Column(one["name"], *self._kind(one["type"])) for one in found}

    def _kind(self, kind: Any) -> tuple[str, str]:
        kind = getattr(kind, "data_type", kind)  # of a domain
        if isinstance(kind, types.NullType):
            return self.unknown, "of an unknown type"
        found = next((name for known, name in _KINDS if isinstance(kind, known)), "text")
        zoned = found == "moment" and getattr(kind, "timezone", False)
        return "instant" if zoned else found, kind.compile(self._link.dialect)

    def newest(self, relation: str, column: Column) -> str | None:
        """Return the highest value of a watermark; None where there is none."""
        name = self._quoted(column.name)
        where = "" if column.kind == "number" else f" where {self.dated.format(name)}"
        found: str | None = self._one(
            f"select cast(max({name}) as {self.text}) from {self._source(relation)}{where}"  # noqa: S608
        )
        return found

    def write(self, read: Read, sink: "SupportsWrite[bytes]") -> None:
        """Write the rows as a CSV with a header, in UTF-8, at constant memory."""
        raise NotImplementedError

    def _one(self, statement: str, **values: object) -> Any:
        return self._link.exec_driver_sql(statement, values or None).scalar()

    def _quoted(self, name: str) -> str:
        return str(self._link.dialect.identifier_preparer.quote_identifier(name))

    def _source(self, relation: str) -> str:
        schema = f"{self._quoted(self._schema)}." if self._schema else ""
        return schema + self._quoted(relation)

    def _select(self, read: Read, values: str, reached: str, order: Sequence[str]) -> str:
        """A query of the rows; ``reached`` is what makes a watermark reach ``%(since)s``."""
        conditions = []
        if read.watermark is not None and read.since is not None:
            name = self._quoted(read.watermark.name)
            conditions.append(f"({reached.format(name)} or {name} is null)")
        if read.deleted is not None:
            name = self._quoted(read.deleted.name)
            unset = {"flag": f"{name} is not true", "number": f"coalesce({name}, 0) = 0"}
            conditions.append(unset.get(read.deleted.kind, f"{name} is null"))
        where = f" where {' and '.join(conditions)}" if conditions else ""
        by = ", ".join([self._quoted(column.name) for column in read.key] or order)
        return f"select {values} from {self._source(read.relation)}{where} order by {by}"  # noqa: S608


@contextmanager
def opened(url: URL, settings: Mapping[str, str]) -> Iterator[Database]:
    """Connect, and begin to read at one moment.

    ``settings`` are the URL's parameters, ``timezone`` and ``schema`` among them. Raises one of
    ``ERRORS``.
    """
    is_mysql = url.get_backend_name() == "mysql"
    driver = f"{url.drivername}+{'pymysql' if is_mysql else 'psycopg2'}"
    arguments = _mysql_arguments(url, settings) if is_mysql else _postgres_arguments(url, settings)
    engine = sqlalchemy.create_engine(
        url.set(drivername=driver), connect_args=arguments, poolclass=NullPool
    )
    with _warehouse_hidden():
        link = engine.connect()
    try:
        make = MySQL if is_mysql else PostgreSQL
        yield make(link, settings.get("schema"), settings["timezone"])
    finally:
        link.invalidate()  # closed as it is: MySQL would send the whole rest of a result first
        link.close()


def reason(error: BaseException) -> str:
    """Say what the server, or the client library, said: the part that tells what is wrong."""
    error = getattr(error, "orig", None) or error
    primary = error.diag.message_primary if isinstance(error, psycopg2.Error) else None
    lines = str(primary or (error.args[-1] if error.args else error)).strip().splitlines()
    return lines[0].rstrip(".") if lines else "the connection was lost"


@contextmanager
def _warehouse_hidden() -> Iterator[None]:
    """Hide libpq's variables: they are the warehouse's, and its password is not sent here."""
    hidden = {name: os.environ[name] for name in os.environ if name.startswith("PG")}
    try:
        for name in hidden.keys() - {"PGPASSFILE", "PGCONNECT_TIMEOUT"}:
            del os.environ[name]
        yield
    finally:
        os.environ.update(hidden)


def _postgres_arguments(url: URL, settings: Mapping[str, str]) -> dict[str, Any]:
    names = ("sslmode", "sslrootcert", "sslcert", "sslkey", "channel_binding", "connect_timeout")
    return {
        "host": settings.get("socket") or url.host,
        "application_name": "olist",
        "client_encoding": "UTF8",
        **{name: settings[name] for name in names if name in settings},
    }


class PostgreSQL(Database):
    """A database of PostgreSQL."""

    def __init__(self, link: Connection, schema: str | None, zone: str) -> None:
        super().__init__(link, schema, zone)
        # Before the snapshot is taken: who is not there yet begins after it.
        self.oldest = float(
            self._one(
                "select coalesce(extract(epoch from max(clock_timestamp() - xact_start)), 0)"
                " from pg_stat_activity where datname = current_database()"
                " and pid <> pg_backend_pid()"
            )
        )
        link.rollback()
        link.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        # With row_security off, what a policy would filter is an error, and no deletion.
        link.exec_driver_sql(
            "set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'; set local row_security ="
            " off; set local extra_float_digits = 1; set local statement_timeout = 0"
        )
        self.now = self._one("select localtimestamp")

    def write(self, read: Read, sink: "SupportsWrite[bytes]") -> None:
        texts = {name: self._text(name, column) for name, column in read.columns.items()}
        values = ", ".join(f"{text} as {self._quoted(name)}" for name, text in texts.items())
        # In the column's type, so that an index on it serves; a day is compared with a moment.
        kind = (
            read.watermark.type if read.watermark and read.watermark.kind != "day" else "timestamp"
        )
        order = [f'{text} collate "C"' for text in texts.values()]
        query = self._select(read, values, f"{{}} >= %(since)s::{kind}", order)
        cursor: Any = self._link.connection.cursor()
        copy = f"copy ({query}) to stdout (format csv, header true, encoding 'UTF8')"
        # Of a connection that is lost in the middle psycopg2 prints a trace, and raises it as well.
        with redirect_stderr(io.StringIO()):
            named = {"since": read.since, "zone": self._zone}
            cursor.copy_expert(cursor.mogrify(copy, named), sink)

    def _text(self, name: str, column: Column) -> str:
        """The value as the CSV export writes it."""
        value = self._quoted(column.name)
        if column.kind == "instant":
            return f"({value} at time zone %(zone)s)::text"
        if column.kind == "number" and name.endswith("zip_code_prefix"):
            return f"lpad({value}::text, greatest(5, length({value}::text)), '0')"
        return f"{value}::text"


def _mysql_arguments(url: URL, settings: Mapping[str, str]) -> dict[str, Any]:
    """TLS is used where the server has it, unless more is asked for: then it has it, or fails."""
    mode = settings.get("ssl_mode", "verify_ca" if "ssl_ca" in settings else "preferred").lower()
    if mode not in _SSL_MODES:
        raise LoaderError(f"ssl_mode must be one of {', '.join(_SSL_MODES)}, not '{mode}'.")
    trusted = ssl.get_default_verify_paths()
    tls = {
        "ca": settings.get("ssl_ca", trusted.cafile),
        "capath": None if "ssl_ca" in settings else trusted.capath,
        "cert": settings.get("ssl_cert"),
        "key": settings.get("ssl_key"),
        "check_hostname": mode == "verify_identity",
        "verify_mode": mode != "required",
    }
    return {
        "charset": "utf8mb4",
        "autocommit": True,
        "connect_timeout": max(1, int(settings["connect_timeout"])),
        "password": str(url.password or "").encode(),  # a str has to be Latin-1
        # Text, casts and quotes are read in one way, whatever the server's own mode.
        "init_command": "set session sql_mode = '', time_zone = '+00:00'",
        "unix_socket": settings.get("socket"),
        "ssl_disabled": mode == "disabled",
        "ssl": None
        if mode in {"disabled", "preferred"}
        else {name: value for name, value in tls.items() if value is not None},
    }


class MySQL(Database):
    """A database of MySQL or MariaDB. It has no row security: what a view hides cannot be told."""

    text = "char"
    dated = "{} >= '0001-01-01'"
    unknown = "bytes"  # GEOMETRY and the like

    def __init__(self, link: Connection, schema: str | None, zone: str) -> None:
        super().__init__(link, schema, zone)
        self.oldest = 0.0
        # Before the snapshot is taken: who is not there yet begins after it.
        with suppress(SQLAlchemyError):  # without the right to see transactions
            # The table has the time of the server's machine.
            link.exec_driver_sql("set session time_zone = 'SYSTEM'")
            found = self._one(
                "select max(timestampdiff(microsecond, trx_started, now(6))) / 1e6"
                " from information_schema.innodb_trx where trx_mysql_thread_id <> connection_id()"
            )
            self.oldest = float(found or 0)
        link.exec_driver_sql("set session time_zone = '+00:00'")
        link.exec_driver_sql("set session transaction isolation level repeatable read")
        link.exec_driver_sql("start transaction with consistent snapshot, read only")
        self.now = self._one("select utc_timestamp()")

    def write(self, read: Read, sink: "SupportsWrite[bytes]") -> None:
        self._check_zone(read)
        texts = [self._text(name, column) for name, column in read.columns.items()]
        quoted = (
            f"ifnull(concat('\"', replace({text}, '\"', '\"\"'), '\"'), '')" for text in texts
        )
        line = "concat(" + ", ',', ".join(quoted) + ", '\\n')"
        order = [f"convert({text} using utf8mb4) collate utf8mb4_bin" for text in texts]
        is_number = read.watermark is not None and read.watermark.kind == "number"
        reached = "{0} >= %(since)s" + ("" if is_number else " or {0} < '0001-01-01'")
        since = Decimal(read.since) if is_number and read.since else read.since
        rows = self._link.exec_driver_sql(
            self._select(read, line, reached, order),
            {"since": since, "zone": self._zone},
            execution_options={"stream_results": True},
        )
        unread: Any = getattr(rows.cursor, "_result", None)
        try:
            sink.write(",".join(read.columns).encode() + b"\n")
            for number, (text,) in enumerate(rows, start=1):
                if text is None:
                    raise LoaderError(
                        f"{read.relation}: row {number} is longer than the source sends at once;"
                        " raise its max_allowed_packet."
                    )
                sink.write(text.encode())
        except BaseException:
            unread.unbuffered_active = False  # to close it would read the whole rest first
            raise

    def _check_zone(self, read: Read) -> None:
        instants = [column.name for column in read.columns.values() if column.kind == "instant"]
        shown = "select convert_tz(now(), '+00:00', %(zone)s)"
        if instants and self._zone != "UTC" and self._one(shown, zone=self._zone) is None:
            raise LoaderError(
                f"{read.relation}.{instants[0]}: the source does not know the time zone"
                f" '{self._zone}': load it there (mariadb-tzinfo-to-sql, mysql_tzinfo_to_sql), or"
                " name an offset in the URL: timezone=-03:00."
            )

    def _text(self, name: str, column: Column) -> str:
        """The value as the CSV export writes it, null where it is MySQL's date of zeros."""
        value = self._quoted(column.name)
        text = f"cast({value} as char)"
        if column.kind in {"moment", "instant", "day"}:
            if column.kind == "instant" and self._zone != "UTC":
                text = f"cast(convert_tz({value}, '+00:00', %(zone)s) as char)"
            if "(" in column.type:  # fractions of a second, where they are not zero
                text = f"trim(trailing '.' from trim(trailing '0' from {text}))"
            return f"if({value} < '0000-01-01', null, {text})"
        if column.kind == "number" and name.endswith("zip_code_prefix"):
            return f"lpad({value}, greatest(5, length({value})), '0')"
        if column.kind == "float":
            # Six digits, as MySQL shows it, unless they are not the number that is stored.
            close = f"abs({text} + 0e0 - {value}) <= abs({value}) * 6e-8"
            return f"if({close}, {text}, cast({value} + 0e0 as char))"
        if column.kind == "bits":
            return f"cast({value} + 0 as char)"
        return text if column.kind == "number" else f"convert({value} using utf8mb4)"
