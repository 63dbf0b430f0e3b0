"""COPY a file's bytes into a table: no row passes through Python."""

import io
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loaders.sources import SourceFile

if TYPE_CHECKING:
    from _typeshed import SupportsRead, WriteableBuffer

BLOCK = 1 << 16  # of a file, handed on while it is in the processor's cache: half the time of 1 MB
# Before version 18 a line "\\." ends a COPY, and PostgreSQL drops what follows without a word.
_DOT_IS_DATA = 180000


class EndMarker(Exception):  # noqa: N818 - no error yet: the second reading knows what it is
    """A line that begins with ``\\.`` in a file for an older PostgreSQL."""


def copy(
    cursor: Cursor, target: sql.Composable, source: SourceFile, stream: IO[bytes], freeze: str
) -> int:
    """COPY the file's bytes; return the rows read. Empty fields become null, quoted or not."""
    columns = names_of(source.header())
    if cursor.connection.server_version < _DOT_IS_DATA:
        stream = io.BufferedReader(_Dotless(stream), BLOCK)
    statement = sql.SQL(
        "copy {} ({}) from stdin (format csv, header true, encoding 'UTF8', {}, force_null ({}))"
    ).format(target, columns, sql.SQL(freeze), columns)
    return send(cursor, statement, stream)


def send(cursor: Cursor, statement: sql.Composable, stream: "SupportsRead[bytes]") -> int:
    """Run a COPY and return its rows; what reading the stream raises is raised as it is.

    psycopg2 tells the server, and then raises the server's answer instead.
    """
    reading = _Reading(stream)
    try:
        cursor.copy_expert(statement, reading, size=BLOCK)
    except psycopg2.Error:
        if reading.error is not None:
            raise reading.error from None
        raise
    return cursor.rowcount


def names_of(columns: Sequence[str]) -> sql.Composed:
    """Quote column names for a list of them."""
    return sql.SQL(", ").join(map(sql.Identifier, columns))


class _Dotless(io.RawIOBase):
    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._before = b"\n"

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer)
        block = self._stream.read(len(view))
        text = self._before + block
        if b"\n\\." in text or b"\r\\." in text:
            raise EndMarker
        self._before = text[-2:]
        view[: len(block)] = block
        return len(block)


class _Reading(io.RawIOBase):
    def __init__(self, stream: "SupportsRead[bytes]") -> None:
        self._stream = stream
        self.error: BaseException | None = None

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        try:
            return self._stream.read(size)
        except BaseException as error:  # Ctrl-C too: it comes while Python runs, that is here
            self.error = error
            raise

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer)
        block = self.read(len(view))
        view[: len(block)] = block
        return len(block)
