"""The places that raw data comes from: each ends in a delivery of CSV files to land."""

import importlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import IO

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from loaders.errors import LoaderError
from loaders.sources.text import UTF_8, Header, as_utf8, is_utf8, read_header
from loaders.tables import Table

# Module of each scheme.
_SCHEMES = {
    "s3": "s3",
    "kafka": "kafka",
    **dict.fromkeys(("rates", "weather"), "http"),
    **dict.fromkeys(("mysql", "mariadb", "postgresql", "postgres"), "database"),
}

REMOVED = "_is_removed"  # column of a file of changes


@dataclass(frozen=True)
class SourceFile:
    """One CSV file of one table, and how to open it (as often as needed) for its bytes.

    ``size`` is in bytes, unpacked; of a gzip it is a guess. ``mode`` is ``delta``, ``snapshot`` or
    ``changes`` where the source knows it for this file, else None: the mode of the batch. Of
    ``changes`` the last row of a key holds, and one with text in its column ``REMOVED`` removes it.
    ``archive_checksum`` is the SHA-256 (hex) of the zip that it is in. ``rejected`` counts
    records that are no rows of it, which the source's ``remember`` lists in the ledger.
    """

    table: Table
    name: str
    size: int
    open: Callable[[], IO[bytes]] = field(repr=False)
    mode: str | None = None
    encoding: str = UTF_8
    archive_checksum: str | None = None
    rejected: int = 0

    def as_utf8(self, stream: IO[bytes]) -> IO[bytes]:
        """The opened file as COPY takes it: UTF-8, whatever the file's encoding is."""
        return as_utf8(stream, self.encoding)

    def named_encoding(self, encoding: str) -> "SourceFile":
        """The file, to be read by an encoding (canonical) unless all of it is UTF-8."""
        with self.open() as stream:
            return self if is_utf8(stream) else replace(self, encoding=encoding)

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


def _nothing(_: Cursor, __: int) -> None:
    """Remember nothing: files have no state."""


@dataclass(frozen=True)
class Delivery:
    """The files of one batch, from one source.

    ``source`` is what the ledger calls it, without a secret. ``unknown`` names what was left out,
    as no raw table takes it. ``remember`` writes the source's own state (a watermark) with the
    batch's number, in the batch's transaction.
    """

    source: str
    files: Sequence[SourceFile]
    unknown: Sequence[str] = ()
    remember: Callable[[Cursor, int], None] = _nothing


@dataclass(frozen=True)
class Request:
    """``mode`` of the batch, whether to ``wait`` for another load, and where to ``say`` things.

    ``holder`` is a session that holds the source's locks already.
    """

    mode: str = "delta"
    wait: bool = True
    say: Callable[[str], None] = print
    holder: Connection | None = None


_DEFAULT = Request()


@contextmanager
def named(source: str) -> Iterator[None]:
    """Let an error of the block say what the ledger calls the source."""
    try:
        yield
    except LoaderError as error:
        error.source = source
        raise


def deliver(
    location: str, only: Sequence[str] = (), request: Request = _DEFAULT
) -> AbstractContextManager[Delivery]:
    """Open a location (a folder, a zip, ``scheme://…``) for one landing.

    ``env://NAME`` stands for the location that this variable holds: ``ps`` shows a command line to
    everybody. ``only`` limits it to these raw tables. Raises LoaderError when there is nothing to
    land, ModuleNotFoundError when the extra that it needs is not installed.
    """
    if location.startswith("env://"):
        variable = location.removeprefix("env://")
        location = os.environ.get(variable, "")
        if not location:
            raise LoaderError(f"env://{variable}: the variable {variable} is not set.")
    scheme, found, _ = location.partition("://")
    if found and scheme not in _SCHEMES:
        known = ", ".join(f"{name}://" for name in _SCHEMES)
        raise LoaderError(f"{scheme}:// is no known source; name a folder or a zip, or {known}.")
    module = importlib.import_module(f"{__name__}.{_SCHEMES[scheme] if found else 'files'}")
    delivery: AbstractContextManager[Delivery] = module.deliver(location, only, request)
    return delivery
