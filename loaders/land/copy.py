"""COPY a file's bytes into a table, and show how far it is: no row passes through Python."""

import hashlib
import re
import sys
import time
from collections.abc import Callable, Sequence
from typing import IO, TYPE_CHECKING

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loaders.sources import SourceFile

if TYPE_CHECKING:
    from _typeshed import SupportsRead

INCOMING = sql.Identifier("pg_temp", "incoming")
BLOCK = 1 << 16  # of a file, handed on while it is in the processor's cache: half the time of 1 MB
_TAIL = 256  # of a block, looked at again with the next one: longer than all that is looked for
# What other programs write for null: looked for by a part that is found fast, then as a field.
NULL_MARKERS = (r"\N", "NULL", "None", "nan")
_MARKERS = (b"\\", b"NULL", b"None", b"nan")
_MARKER_FIELD = re.compile(rb'[,"\r\n](?:\\N|NULL|None|nan)[,"\r\n]')
# Before version 18 a line "\\." ends a COPY, and PostgreSQL drops what follows without a word.
_DOT_IS_DATA = 180000
_PLAIN_EVERY = 15.0  # seconds between two lines about a large load, where there is no terminal


class EndMarker(Exception):  # noqa: N818 - no error yet: the strict reader knows what it is
    """A line that begins with ``\\.`` in a file for an older PostgreSQL."""


class Progress:
    """How far a batch of ``size`` bytes is: a bar on a terminal, plain lines elsewhere."""

    def __init__(self, size: int, say: Callable[[str], None]) -> None:
        self._say, self._size, self._bytes, self._bar = say, size, 0, None
        self._next = time.monotonic() + _PLAIN_EVERY
        if sys.stderr.isatty():
            from tqdm import tqdm  # noqa: PLC0415 - where there is no terminal, nobody waits for it

            self._bar = tqdm(total=size, unit="B", unit_scale=True, desc="landing", leave=False)

    def advance(self, size: int, table: str) -> None:
        """Count bytes that were read."""
        self._bytes += size
        if self._bar is not None:
            self._bar.set_description(table, refresh=False)
            self._bar.update(size)
        elif time.monotonic() >= self._next:
            self._next = time.monotonic() + _PLAIN_EVERY
            read, whole = self._bytes / 1e6, self._size / 1e6
            self._say(f"  {table}: {read:,.0f} of {whole:,.0f} MB of the batch")

    def say(self, line: str) -> None:
        """Print a line, above the bar."""
        if self._bar is not None:
            self._bar.clear()
        self._say(line)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()


class Reader:
    """The bytes of a file as UTF-8 on their way to COPY: counted, hashed, and looked at.

    What it finds may be a part of a field, and SQL has the last word: ``has_markers``, a null
    marker; ``has_header``, the header's first name behind the header; ``has_blanks``, a row of
    commas (of a table without a key: of others COPY refuses it). The checksum is the file's only
    where that is UTF-8 itself.
    """

    def __init__(self, file: SourceFile, stream: IO[bytes], progress: Progress) -> None:
        self._stream = file.as_utf8(stream)
        self._file, self._progress = file, progress
        self._digest = hashlib.sha256()
        self._tail: bytes | None = None
        self._name = file.layout.names[0].encode()
        self._blank = b"," * (len(file.layout.names) - 1)
        self.size = 0
        self.refuse_dots = self.has_markers = self.has_header = self.has_blanks = False

    @property
    def checksum(self) -> str:
        """SHA-256 of what was read, in hex, as sha256sum prints it."""
        return self._digest.hexdigest()

    def read(self, size: int = -1) -> bytes:
        """Next bytes, from the header on. Raises EndMarker where dots are refused."""
        block = self._stream.read(size)
        self._digest.update(block)
        self.size += len(block)
        self._progress.advance(len(block), self._file.table.name)
        if self._tail is None:
            layout = self._file.layout
            block = b"".join(block.splitlines(keepends=True)[layout.skip_lines :])
            header = layout.text.encode()
            self._look(block[block.find(header) + len(header) :])
        else:
            self._look(self._tail + (block or b"\n"))
        self._tail = block[-_TAIL:]
        return block

    def _look(self, text: bytes) -> None:
        if not self.has_markers and any(marker in text for marker in _MARKERS):
            self.has_markers = _MARKER_FIELD.search(text) is not None
        self.has_header = self.has_header or self._name in text
        if not self._file.table.key and not self.has_blanks and self._blank in text:
            self.has_blanks = b"\n" + self._blank in text or b"\r" + self._blank in text
        if self.refuse_dots and (b"\n\\." in text or b"\r\\." in text):
            raise EndMarker


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


def copy(cursor: Cursor, target: sql.Composable, file: SourceFile, reader: Reader) -> int:
    """COPY a file into a new table; return the rows read. Empty fields become null."""
    reader.refuse_dots = cursor.connection.server_version < _DOT_IS_DATA
    options = "format csv, header true, encoding 'UTF8', freeze true, force_null ({columns})"
    statement = f"copy {{target}} ({{columns}}) from stdin ({options})"
    return send(cursor, statement, reader, target=target, columns=file.header())


def send(
    cursor: Cursor,
    statement: str,
    stream: "SupportsRead[bytes]",
    **parts: sql.Composable | Sequence[str],
) -> int:
    """Run a COPY and return its rows; what reading the stream raises is raised as it is.

    psycopg2 tells the server, and then raises the server's answer instead.
    """
    guarded = _Guarded(stream)
    try:
        cursor.copy_expert(composed(statement, **parts), guarded, size=BLOCK)
    except psycopg2.Error:
        if guarded.error is not None:
            raise guarded.error from None
        raise
    return cursor.rowcount


def create_incoming(cursor: Cursor, file: SourceFile, *, lines: bool = False) -> None:
    """Create the temporary table for a file's rows, before they are compared with what is landed.

    With ``lines`` it has their numbers, and takes rows without a key.
    """
    kinds = listed("{} text", file.header()) + sql.SQL(", _line bigint" if lines else "")
    run(cursor, "drop table if exists pg_temp.incoming")
    run(cursor, "create temporary table incoming ({kinds}) on commit drop", kinds=kinds)
    if file.table.key and not lines:
        keys = listed("alter {} set not null", file.table.key)
        run(cursor, "alter table pg_temp.incoming {keys}", keys=keys)


def run(cursor: Cursor, statement: str, **parts: sql.Composable | Sequence[str]) -> int:
    """Execute SQL whose braces are filled by parts (see ``composed``); return its row count."""
    cursor.execute(composed(statement, **parts))
    return cursor.rowcount


def composed(statement: str, **parts: sql.Composable | Sequence[str]) -> sql.Composed:
    """SQL with these parts in the place of their names in braces; several names are a list."""
    return sql.SQL(statement).format(
        **{
            name: part if isinstance(part, sql.Composable) else names_of(part)
            for name, part in parts.items()
        }
    )


def names_of(columns: Sequence[str]) -> sql.Composed:
    """Quote column names for a list of them."""
    return listed("{}", columns)


def listed(form: str, columns: Sequence[str], separator: str = ", ") -> sql.Composed:
    """A piece of SQL for each column, whose name takes the place of its braces."""
    return sql.SQL(separator).join(sql.SQL(form).format(sql.Identifier(name)) for name in columns)
