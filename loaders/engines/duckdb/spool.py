"""A CSV file on its way into DuckDB: its rows in a plain file, counted and checked as they pass.

DuckDB's reader guesses where a file is odd, and stops at some that COPY takes. So a file whose
quotes and line ends are regular goes to it as it is, with the number of rows that have to come out;
any other is first read record by record, by the reader that tells what is wrong with a line.
"""

from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import IO

from loaders.land.ledger import Allowance
from loaders.land.rejects import Rejects
from loaders.land.sieve import data_records
from loaders.sources import SourceFile

_BLOCK = 1 << 20
_BOM = b"\xef\xbb\xbf"


class IrregularError(Exception):
    """A file that DuckDB's reader might not read as PostgreSQL's does."""


def spool(source: SourceFile, stream: IO[bytes], target: Path) -> int:
    """Write the rows of a file, opened as UTF-8, each line ended by LF; return their number.

    What stands in quotes stays as it is. Raises IrregularError where quotes stand within a field,
    a line is blank, or there is a NUL or a CR that ends no line.
    """
    header = source.layout
    if header.carriage_returns:
        raise IrregularError
    quotes = _Quotes()
    with target.open("wb") as sink:
        block = _after_header(stream, header.text.encode())
        while block:
            if block.endswith(b"\r"):
                block += stream.read(1)
            sink.write(quotes.follow(block))
            block = stream.read(_BLOCK)
    return quotes.end()


def respool(
    source: SourceFile, stream: IO[bytes], target: Path, left_out: AbstractSet[int] = frozenset()
) -> int:
    """Write the rows of a file record by record, but those that begin in lines ``left_out``.

    Returns their number. Raises LoaderError, which names the line, when another one is bad.
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
    return rows


def _after_header(stream: IO[bytes], header: bytes) -> bytes:
    start = b""
    while len(start) <= len(_BOM) + len(header) + 1 and (block := stream.read(_BLOCK)):
        start += block
    rest = start.removeprefix(_BOM)[len(header) :]
    return rest[2:] if rest.startswith(b"\r\n") else rest[1:]


class _Quotes:
    """Follows the quotes through a stream of blocks."""

    def __init__(self) -> None:
        self._inside = 0
        self._last = b"\n"
        self._ends = 0

    def follow(self, block: bytes) -> bytes:
        """Return the next block with LF at the end of each line, and count them."""
        parts = block.split(b'"')
        outside = parts[self._inside :: 2]
        text = b'"' * self._inside + b'"'.join(outside)
        if b"\r" in text:
            parts[self._inside :: 2] = [part.replace(b"\r\n", b"\n") for part in outside]
            text = text.replace(b"\r\n", b"\n")
            block = b'"'.join(parts)
        joined = self._last + text
        if b"\0" in block or b"\r" in text or b"\n\n" in joined or _stray(joined):
            raise IrregularError
        self._ends += text.count(b"\n")
        self._last = joined[-1:]
        self._inside = (self._inside + len(parts) - 1) % 2
        return block

    def end(self) -> int:
        """Number of the lines."""
        if self._inside:
            raise IrregularError
        return self._ends + (self._last != b"\n")


def _stray(text: bytes) -> bool:
    """Whether a quoted part is not a whole field; each is a quote in this text, or several."""
    while b'""' in text:  # doubled quotes within one part
        text = text.replace(b'""', b'"')
    count = text.count(b'"')
    opened = text.count(b',"') + text.count(b'\n"') + text.startswith(b'"')
    closed = text.count(b'",') + text.count(b'"\n') + text.endswith(b'"')
    return opened != count or closed != count
