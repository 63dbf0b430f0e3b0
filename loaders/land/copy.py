"""COPY a file's bytes into a table, and show how far it is: no row passes through Python."""

import hashlib
import io
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import IO, TYPE_CHECKING, Never

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loaders.land.ledger import FileResult
from loaders.sources import SourceFile

if TYPE_CHECKING:
    from _typeshed import SupportsRead, WriteableBuffer
    from tqdm import tqdm

INCOMING = sql.Identifier("pg_temp", "incoming")
BLOCK = 1 << 16  # of a file, handed on while it is in the processor's cache: half the time of 1 MB
_TAIL = 256  # of a block, looked at again with the next one: longer than all that is looked for
# What other programs write for null: looked for as it stands, and then as a whole field.
NULL_MARKERS = (r"\N", "NULL", "None", "nan")
_MARKERS = tuple(marker.encode() for marker in NULL_MARKERS)
_MARKER_FIELD = re.compile(rb'[,"\r\n](?:\\N|NULL|None|nan)[,"\r\n]')
# Before version 18 a line "\\." ends a COPY, and PostgreSQL drops what follows without a word.
_DOT_IS_DATA = 180000
_PLAIN_EVERY = 15.0  # seconds between two lines about one large file, where there is no terminal


class EndMarker(Exception):  # noqa: N818 - no error yet: the strict reader knows what it is
    """A line that begins with ``\\.`` in a file for an older PostgreSQL."""


class Reader(io.RawIOBase):
    """The bytes of a file as UTF-8 on their way to COPY: counted, hashed, and looked at.

    What it finds may be a part of a field, and SQL has the last word: ``has_markers``, a null
    marker; ``has_header``, the header's first name behind the header; ``has_blanks``, a row of
    commas. The checksum is the file's only where that is UTF-8 itself.
    """

    def __init__(
        self, file: SourceFile, stream: IO[bytes], advance: Callable[[int], None] | None = None
    ) -> None:
        self._stream = file.as_utf8(stream)
        self._layout = file.layout
        self._advance = advance
        self._digest = hashlib.sha256()
        self._tail: bytes | None = None
        self._name = self._layout.names[0].encode()
        self._blank = b"," * (len(self._layout.names) - 1)
        self.size = 0
        self.refuse_dots = False
        self.has_markers = self.has_header = self.has_blanks = False

    @property
    def checksum(self) -> str:
        """SHA-256 of what was read, in hex, as sha256sum prints it."""
        return self._digest.hexdigest()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block = self._stream.read(size)
        self._digest.update(block)
        self.size += len(block)
        if self._advance is not None:
            self._advance(len(block))
        if self._tail is None:
            block = b"".join(block.splitlines(keepends=True)[self._layout.skip_lines :])
            header = self._layout.text.encode()
            self._look(block[block.find(header) + len(header) :])
        else:
            self._look(self._tail + (block or b"\n"))
        self._tail = block[-_TAIL:]
        return block

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer)
        block = self.read(len(view))
        view[: len(block)] = block
        return len(block)

    def _look(self, text: bytes) -> None:
        if not self.has_markers and any(marker in text for marker in _MARKERS):
            self.has_markers = _MARKER_FIELD.search(text) is not None
        self.has_header = self.has_header or self._name in text
        if not self.has_blanks and self._blank in text:
            self.has_blanks = b"\n" + self._blank in text or b"\r" + self._blank in text
        if self.refuse_dots and (b"\n\\." in text or b"\r\\." in text):
            raise EndMarker


def copy(
    cursor: Cursor, target: sql.Composable, file: SourceFile, reader: Reader, freeze: str
) -> int:
    """COPY a file; return the rows read. Empty fields become null, quoted or not."""
    columns = names_of(file.header())
    reader.refuse_dots = cursor.connection.server_version < _DOT_IS_DATA
    statement = sql.SQL(
        "copy {} ({}) from stdin (format csv, header true, encoding 'UTF8', {}, force_null ({}))"
    ).format(target, columns, sql.SQL(freeze), columns)
    return send(cursor, statement, reader)


def send(cursor: Cursor, statement: sql.Composable, stream: "SupportsRead[bytes]") -> int:
    """Run a COPY and return its rows; what reading the stream raises is raised as it is.

    psycopg2 tells the server, and then raises the server's answer instead.
    """
    guarded = _Guarded(stream)
    try:
        cursor.copy_expert(statement, guarded, size=BLOCK)
    except psycopg2.Error:
        if guarded.error is not None:
            raise guarded.error from None
        raise
    return cursor.rowcount


def names_of(columns: Sequence[str]) -> sql.Composed:
    """Quote column names for a list of them."""
    return listed("{}", columns)


def listed(form: str, columns: Sequence[str], separator: str = ", ") -> sql.Composed:
    """A piece of SQL for each column, whose name takes the place of its braces."""
    return sql.SQL(separator).join(sql.SQL(form).format(sql.Identifier(name)) for name in columns)


def create_incoming(cursor: Cursor, file: SourceFile, *, lines: bool = False) -> None:
    """Create the temporary table for a file's rows, before they are compared with what is landed.

    With ``lines`` it has their numbers, and takes rows without a key.
    """
    cursor.execute("drop table if exists pg_temp.incoming")
    columns = listed("{} text", file.header()) + sql.SQL(", _line bigint" if lines else "")
    cursor.execute(sql.SQL("create temporary table incoming ({}) on commit drop").format(columns))
    if file.table.key and not lines:
        key = listed("alter {} set not null", file.table.key)
        cursor.execute(sql.SQL("alter table {} {}").format(INCOMING, key))


class _Guarded:
    """A stream that keeps the error that reading it raised."""

    def __init__(self, stream: "SupportsRead[bytes]") -> None:
        self._stream = stream
        self.error: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        try:
            return self._stream.read(size)
        except BaseException as error:  # Ctrl-C too: it comes while Python runs, that is here
            self.error = error
            raise

    readline = read  # of a stream, though COPY asks for none


class Progress:
    """How far a batch is: a bar of bytes on a terminal, plain lines elsewhere."""

    def __init__(self, size: int, say: Callable[[str], None]) -> None:
        self._say = say
        self._size = size
        self._bytes = 0
        self._next = time.monotonic() + _PLAIN_EVERY
        self._bar = _bar(size) if sys.stderr.isatty() else None

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    @contextmanager
    def reading(self, file: SourceFile) -> Iterator[Reader]:
        """Open a file, and show how far it was read."""
        with file.open() as stream:
            if self._bar is not None:
                self._bar.set_description(file.table.name)
            yield Reader(file, stream, lambda size: self._advance(size, file.table.name))

    def done(self, file: SourceFile, result: FileResult) -> None:
        """Say what became of a file."""
        if self._bar is not None:
            self._bar.clear()
        if result.status == "unchanged":
            self._advance(file.size, result.table)
            self._say(f"  {result.table}: same as last time ({result.seconds:.1f} s)")
            return
        rate = result.counts.read / max(result.seconds, 0.001)
        self._say(f"  {result.table}: {result.counts} ({result.seconds:.1f} s, {rate:,.0f} rows/s)")

    def _advance(self, size: int, table: str) -> None:
        self._bytes += size
        if self._bar is not None:
            self._bar.update(size)
        elif time.monotonic() >= self._next:
            self._next = time.monotonic() + _PLAIN_EVERY
            read, whole = self._bytes / 1e6, self._size / 1e6
            self._say(f"  {table}: {read:,.0f} of {whole:,.0f} MB of the batch")


def _bar(size: int) -> "tqdm[Never]":
    from tqdm import tqdm  # noqa: PLC0415 - where there is no terminal, nobody waits for it

    return tqdm(total=size, unit="B", unit_scale=True, desc="landing", leave=False)
