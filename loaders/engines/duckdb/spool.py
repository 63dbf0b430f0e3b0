"""A CSV file on its way into DuckDB: its rows in a plain file, counted and checked as they pass.

DuckDB's reader guesses where a file is odd, and may leave out rows without a word. So a file whose
quotes and line ends are regular goes to it as it is, with the number of rows that have to come out;
any other is first read record by record, by the reader that tells what is wrong with a line.
"""

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from loaders.land.batch import Allowance
from loaders.land.rejects import Rejects
from loaders.land.sieve import data_records
from loaders.sources import SourceFile

_BLOCK = 1 << 20
_BOM = b"\xef\xbb\xbf"
# Outside of quotes, with a quote for each quoted part: one that is not a whole field.
_STRAY = re.compile(rb'[^,\r\n"]"|"[^,\r\n"]')


@dataclass(frozen=True)
class Spooled:
    """Rows written to a file without a header, and what ends its lines (as SQL has it)."""

    rows: int
    line_end: str


class IrregularError(Exception):
    """A file that DuckDB's reader might not read as PostgreSQL's does."""


def spool(source: SourceFile, stream: IO[bytes], target: Path) -> Spooled:
    """Write the rows of a file, opened as UTF-8, byte for byte.

    Raises IrregularError where quotes stand within a field, line ends differ, a line is blank or
    has a NUL.
    """
    header = source.layout
    if header.carriage_returns:
        raise IrregularError
    outside = _Outside()
    with target.open("wb") as sink:
        block = _after_header(stream, header.text.encode())
        while block:
            outside.feed(block)
            sink.write(block)
            block = stream.read(_BLOCK)
    return outside.end()


def respool(
    source: SourceFile, stream: IO[bytes], target: Path, left_out: AbstractSet[int] = frozenset()
) -> Spooled:
    """Write the rows of a file record by record, but those that begin in lines ``left_out``.

    Raises LoaderError, which names the line, when another one is bad.
    """
    rows = 0
    with target.open("wb") as sink, Rejects(source, Allowance()) as rejects:
        for record in data_records(source, stream):
            if record.line in left_out:
                continue
            if record.reason is not None:
                rejects.add(record.line, record.reason, record.body)
            sink.write(record.body + b"\n")
            rows += 1
    return Spooled(rows, "\\n")


def _after_header(stream: IO[bytes], header: bytes) -> bytes:
    start = b""
    while len(start) <= len(_BOM) + len(header) + 1 and (block := stream.read(_BLOCK)):
        start += block
    rest = start.removeprefix(_BOM)[len(header) :]
    return rest[2:] if rest.startswith(b"\r\n") else rest[1:]


class _Outside:
    """What stands outside of quotes in a stream of blocks."""

    def __init__(self) -> None:
        self._inside = 0
        self._last = b"\n"
        self._ends = 0
        self._returns = 0

    def feed(self, block: bytes) -> None:
        """Follow the quotes through the next block."""
        if b"\0" in block:
            raise IrregularError
        parts = block.split(b'"')
        text = b'"' * self._inside + b'"'.join(parts[self._inside :: 2])
        self._inside = (self._inside + len(parts) - 1) % 2
        joined = self._last + text
        blank = joined.startswith((b"\n\n", b"\n\r")) or b"\n\n" in joined or b"\n\r" in joined
        if blank or _STRAY.search(joined):
            raise IrregularError
        self._ends += text.count(b"\n")
        self._returns += text.count(b"\r")
        self._last = joined[-1:]

    def end(self) -> Spooled:
        """What came of it."""
        if self._inside or self._returns not in {0, self._ends}:
            raise IrregularError
        rows = self._ends + (self._last != b"\n")
        return Spooled(rows, "\\r\\n" if self._returns else "\\n")
