"""COPY a file's bytes into a table, and show how far it is: no row passes through Python."""

import hashlib
import sys
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import IO

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loaders.sources import SourceFile
from loaders.sources.text import recoded

INCOMING = sql.Identifier("pg_temp", "incoming")  # a file's rows, before they are compared
BLOCK = 1 << 16  # of a file, handed on while it is in the processor's cache: half the time of 1 MB
_TAIL = 256  # of a block, looked at again with the next one: longer than all that is looked for
# What other programs write for null: looked for by a part that is found fast, then as a field.
NULL_MARKERS = (r"\N", "NULL", "None", "nan")
_MARKER_PARTS = (b"\\", b"N", b"nan")
_MARKER_FIELDS = [f",{marker},".encode() for marker in NULL_MARKERS]
_ENDS = bytes.maketrans(b'"\r\n', b",,,")  # what a field may stand between, as commas
# Before version 18 a line "\\." ends a COPY, and PostgreSQL drops what follows without a word.
_DOT_IS_DATA = 180000


class BadRows(Exception):  # noqa: N818 - no error yet: the strict reader says what is wrong
    """A file has rows that COPY would take, and that are not right, or perhaps not."""


class Progress:
    """How far a batch of ``size`` bytes is: a bar on a terminal, a line per table elsewhere."""

    def __init__(self, size: int, say: Callable[[str], None]) -> None:
        self._say, self._bar = say, None
        if sys.stderr.isatty():
            from tqdm import tqdm  # noqa: PLC0415 - where there is no terminal, nobody waits for it

            self._bar = tqdm(total=size, unit="B", unit_scale=True, desc="landing", leave=False)

    def advance(self, size: int) -> None:
        """Count bytes that were read."""
        if self._bar is not None:
            self._bar.update(size)

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
    """The bytes of a file on their way to COPY: counted, hashed, recoded as UTF-8, and looked at.

    ``found`` names what may be in it, of which SQL has the last word: ``markers``, a null marker;
    ``header``, its first name behind the header; ``blanks``, a row of commas (of a table without a
    key: of others COPY refuses it).
    """

    def __init__(self, file: SourceFile, stream: IO[bytes], progress: Progress) -> None:
        self._file, self._stream, self._progress = file, stream, progress
        self._digest = hashlib.sha256()
        self.size = 0
        names = file.layout.names
        self._sought = {"markers": _MARKER_PARTS, "header": (names[0].encode(),)}
        if not file.table.key:
            self._sought["blanks"] = (b"," * (len(names) - 1),)
        self.found: set[str] = set()

    @property
    def checksum(self) -> str:
        """SHA-256 of what was read, in hex, as sha256sum prints it."""
        return self._digest.hexdigest()

    def read(self, size: int = -1) -> bytes:
        """Read bytes of the file as they are."""
        block = self._stream.read(size)
        self._digest.update(block)
        self.size += len(block)
        self._progress.advance(len(block))
        return block

    def text(self, *, refuse_dots: bool = False) -> Generator[bytes]:
        r"""Yield UTF-8 from the header on. Raises BadRows at a line ``\.`` that is refused."""
        if refuse_dots:
            self._sought["dots"] = (b"\n\\.", b"\r\\.")
        layout, tail = self._file.layout, b""
        for number, block in enumerate(recoded(self, self._file.encoding, BLOCK)):
            text = rows = block
            if number == 0:
                text = b"".join(block.splitlines(True)[layout.skip_lines :])
                rows = text.replace(layout.text.encode(), b"", 1)
            self._look(tail + rows)
            yield text
            tail = rows[-_TAIL:]
        self._look(tail + b"\n")

    def _look(self, text: bytes) -> None:
        for what, parts in self._sought.items():
            if (
                what not in self.found
                and any(part in text for part in parts)
                and (what != "markers" or _has_marker(text))
            ):
                self.found.add(what)
        if "dots" in self.found:
            raise BadRows


def _has_marker(text: bytes) -> bool:
    fields = text.translate(_ENDS)
    return any(marker in fields for marker in _MARKER_FIELDS)


class _Blocks:
    """Blocks as the file that COPY reads, which keeps the error that making them raised."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self.error: BaseException | None = None

    def read(self, _: int = -1) -> bytes:
        try:
            return next(self._blocks, b"")
        except BaseException as error:  # Ctrl-C too: it comes while Python runs, that is here
            self.error = error
            raise

    readline = read  # of a file, though COPY asks for none


def copy(cursor: Cursor, target: sql.Composable, file: SourceFile, reader: Reader) -> int:
    """COPY a file into a new table; return the rows read. Empty fields become null."""
    text = reader.text(refuse_dots=cursor.connection.server_version < _DOT_IS_DATA)
    statement = (
        "copy {target} ({columns}) from stdin"
        " (format csv, header true, encoding 'UTF8', freeze true, force_null ({columns}))"
    )
    return send(cursor, statement, text, target=target, columns=file.header())


def send(
    cursor: Cursor,
    statement: str,
    blocks: Iterable[bytes],
    **parts: sql.Composable | Sequence[str],
) -> int:
    """Run a COPY and return its rows; what making the blocks raises is raised as it is.

    psycopg2 tells the server, and then raises the server's answer instead.
    """
    stream = _Blocks(blocks)
    try:
        cursor.copy_expert(composed(statement, **parts), stream)
    except psycopg2.Error:
        if stream.error is not None:
            raise stream.error from None
        raise
    return cursor.rowcount


def create_table(
    cursor: Cursor, target: sql.Composable, columns: Sequence[str], not_null: Sequence[str] = ()
) -> None:
    """Create a table of text columns."""
    kinds = sql.SQL(", ").join(
        sql.SQL("{} text not null" if name in not_null else "{} text").format(sql.Identifier(name))
        for name in dict.fromkeys(columns)
    )
    run(cursor, "create table {target} ({kinds})", target=target, kinds=kinds)


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
