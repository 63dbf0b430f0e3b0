"""A CSV file of one raw table, wherever it lies."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import IO

from loaders.sources.encodings import UTF_8, as_utf8
from loaders.sources.header import Header, read_header
from loaders.tables import Table


@dataclass(frozen=True)
class SourceFile:
    """One CSV file of one table, and how to open it (as often as needed) for its bytes.

    ``mode`` is ``delta`` or ``snapshot`` where the source knows it for this file, else None: the
    mode of the batch. ``packed_checksum`` returns the SHA-256 (hex) of the file's packed bytes in
    an archive, which it takes without unpacking; None where it is not packed.
    """

    table: Table
    name: str
    size: int
    open: Callable[[], IO[bytes]] = field(repr=False)
    mode: str | None = None
    encoding: str = UTF_8
    packed_checksum: Callable[[], str] | None = field(default=None, repr=False)

    def as_utf8(self, stream: IO[bytes]) -> IO[bytes]:
        """The opened file as COPY takes it: UTF-8, whatever the file's encoding is."""
        return as_utf8(stream, self.encoding)

    @cached_property
    def layout(self) -> Header:
        """The header, read and checked once; see ``read_header`` for what it raises."""
        with self.open() as stream:
            return read_header(self.name, stream, self.encoding, self.table)

    def header(self) -> tuple[str, ...]:
        """Column names as the file spells them.

        Raises LoaderError when the file is empty or no CSV, or its columns are not the table's.
        """
        return self.layout.names
