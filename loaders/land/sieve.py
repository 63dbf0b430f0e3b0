"""The second reading of a file that COPY refused: good records go on, bad ones are kept."""

from collections.abc import Iterator
from typing import IO

from loaders.land.rejects import Rejects
from loaders.sources import SourceFile
from loaders.sources.records import Record, records


class Sieve:
    """A stream of the good records of a file, each behind the number of its line.

    ``rows`` counts the good and the bad ones that were read.
    """

    def __init__(self, source: SourceFile, stream: IO[bytes], rejects: Rejects) -> None:
        self.rows = 0
        self._rejects = rejects
        self._rows = self._good(source, stream)
        self._ready = bytearray()

    def read(self, size: int = -1) -> bytes:
        """Next bytes for COPY. Raises LoaderError when too many records are bad."""
        while len(self._ready) < size and (row := next(self._rows, b"")):
            self._ready += row
        block = bytes(self._ready[:size])
        del self._ready[:size]
        return block

    def _good(self, source: SourceFile, stream: IO[bytes]) -> Iterator[bytes]:
        for record in data_records(source, stream):
            self.rows += 1
            if record.reason is None:
                yield b"%d,%b\n" % (record.line, record.body)
            else:
                reason = record.reason.replace("not UTF-8", f"not {source.encoding.upper()}")
                self._rejects.add(record.line, reason, record.body)


def data_records(source: SourceFile, stream: IO[bytes]) -> Iterator[Record]:
    """The records of a file after its header."""
    header = source.layout
    found = records(stream, len(header.names), header.carriage_returns)
    next(found, None)
    return found
