"""Read a MySQL or MariaDB database: the server writes each row as a line of CSV, and streams it."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pymysql
from pymysql.cursors import SSCursor

from loaders.errors import LoaderError
from loaders.sources.database import mysql_text
from loaders.sources.database.engine import Column, Engine, Read, Sink
from loaders.sources.database.url import Address

ERRORS = (pymysql.MySQLError, ssl.SSLError)
_MODES = ("disabled", "preferred", "required", "verify_ca", "verify_identity")


def reason(error: BaseException) -> str:
    """Say what the server, or the client library, said."""
    return str(error.args[-1] if error.args else error).strip() or "the connection was lost"


@contextmanager
def opened(address: Address) -> Iterator[Engine]:
    """Connect, and begin to read at one moment."""
    link = _connect(address)
    try:
        yield _MySQL(link, address.settings["timezone"])
    finally:
        link.close()


def _connect(address: Address) -> "pymysql.Connection[Any]":
    try:
        return pymysql.connect(
            host=address.host,
            port=address.port,
            user=address.user or None,
            password=address.password.encode(),  # a str has to be Latin-1
            database=address.database,
            unix_socket=address.options.get("socket"),
            connect_timeout=max(1, int(address.options.get("connect_timeout", "10"))),
            charset="utf8mb4",
            use_unicode=False,  # lines go to the spool as they come
            cursorclass=SSCursor,
            autocommit=True,
            **_tls(address),
        )
    except RuntimeError as error:  # cryptography is not there
        raise LoaderError(
            f"{address.source}: cannot be used: {error}; or let the server have TLS."
        ) from error


def _tls(address: Address) -> dict[str, Any]:
    """TLS where the server has it, unless more is asked for (then it is verified, or fails)."""
    options = address.options
    mode = options.get("ssl_mode", "verify_ca" if "ssl_ca" in options else "preferred").lower()
    if mode not in _MODES:
        raise LoaderError(f"ssl_mode must be one of {', '.join(_MODES)}, not '{mode}'.")
    if mode == "disabled":
        return {"ssl_disabled": True}
    if mode == "preferred":
        return {}
    try:
        context = ssl.create_default_context(cafile=options.get("ssl_ca"))
        context.check_hostname = mode == "verify_identity"
        # MySQL's own certificates do not hold to all of X.509.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.verify_mode = ssl.CERT_NONE if mode == "required" else ssl.CERT_REQUIRED
        if "ssl_cert" in options:
            context.load_cert_chain(options["ssl_cert"], options.get("ssl_key"))
    except OSError as error:
        raise LoaderError(
            f"ssl_ca, ssl_cert or ssl_key cannot be read ({error.strerror or error})."
        ) from error
    return {"ssl": context}


class _MySQL:
    def __init__(self, link: "pymysql.Connection[Any]", timezone: str) -> None:
        self._link = link
        self._timezone = timezone
        # Before the snapshot is taken: who is not seen here has begun after it.
        self.oldest = self._oldest()
        for statement in (
            # Text, casts and quotes are read in one way, whatever the server's own mode.
            "set session sql_mode = '', time_zone = '+00:00'",
            "set session transaction isolation level repeatable read",
            "start transaction with consistent snapshot, read only",
        ):
            self._rows(statement)
        self.now = datetime.fromisoformat(str(self._one("select cast(utc_timestamp() as char)")))
        if timezone != "UTC":
            shown = self._one(f"select convert_tz(now(), '+00:00', {link.escape(timezone)})")
            if shown is None:
                raise LoaderError(
                    f"the source does not know the time zone '{timezone}': load it there"
                    " (mariadb-tzinfo-to-sql, mysql_tzinfo_to_sql), or name an offset: %2B02:00."
                )

    def _oldest(self) -> float:
        try:
            # The table has the time of the server's machine.
            self._rows("set session time_zone = 'SYSTEM'")
            found = self._one(
                "select max(timestampdiff(microsecond, trx_started, now(6))) / 1e6"
                " from information_schema.innodb_trx where trx_mysql_thread_id <> connection_id()"
            )
        except pymysql.MySQLError:
            return 0.0  # without the right to see them
        return float(found or 0)

    def _rows(self, statement: str) -> list[tuple[str | None, ...]]:
        with self._link.cursor() as cursor:
            cursor.execute(statement)
            return [
                tuple(None if value is None else _text(value) for value in row)
                for row in cursor.fetchall()
            ]

    def _one(self, statement: str) -> str | None:
        return self._rows(statement)[0][0]

    def relations(self) -> dict[str, list[Column]]:
        found: dict[str, list[Column]] = {}
        for relation, name, type_name, shown, nullable in self._rows(
            "select table_name, column_name, data_type, column_type, is_nullable"
            " from information_schema.columns where table_schema = database()"
            " order by table_name, ordinal_position"
        ):
            column = Column(
                str(name), mysql_text.kind(str(type_name)), str(shown), nullable == "YES"
            )
            found.setdefault(str(relation), []).append(column)
        return found

    def newest(self, relation: str, column: Column) -> str | None:
        name = mysql_text.identifier(column.name)
        dated = "" if column.kind == "number" else f" where {name} >= '0001-01-01'"
        return self._one(
            f"select cast(max({name}) as char) from {mysql_text.identifier(relation)}{dated}"  # noqa: S608
        )

    def write(self, read: Read, sink: Sink) -> None:
        sink.write(",".join(name for name, _ in read.columns).encode() + b"\n")
        cursor = self._link.cursor()
        try:
            cursor.execute(mysql_text.query(read, self._timezone))
            for number, (line,) in enumerate(cursor, start=1):
                if line is None:
                    raise LoaderError(
                        f"{read.relation}: row {number} is longer than the source sends at once;"
                        " raise its max_allowed_packet."
                    )
                sink.write(line)
        except BaseException:
            _abandon(cursor)
            raise
        cursor.close()


def _abandon(cursor: SSCursor) -> None:
    """Let go of a cursor in the middle: to close it would read the whole rest first.

    The client library has no other way; its connection is closed next.
    """
    result = getattr(cursor, "_result", None)
    if result is not None:
        result.unbuffered_active = False


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
