"""The bytes of a landed file, opened again where they came from."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loaders.errors import LoaderError
from loaders.lake import packed
from loaders.lake.compressed import open_gzip
from loaders.lake.manifest import Row
from loaders.land.ledger import REJECTED
from loaders.sources import SourceFile, deliver
from loaders.sources.text import UTF_8
from loaders.tables import BY_NAME, Table


class OriginalError(LoaderError):
    """A file cannot be archived any more; others can."""


@contextmanager
def original(source: str, row: Row) -> Iterator[SourceFile]:
    """Open the file of a ``raw._files`` row where its batch's ``source`` says it lies.

    Raises OriginalError when it is gone or its source cannot give the same bytes twice.
    """
    where = f"batch {row['batch_id']}, {row['file_name']}"
    scheme, found, _ = source.partition("://")
    if source == REJECTED:
        raise OriginalError(
            f"{where}: are mended rows that were landed without a lake; set OLIST_LAKE for"
            " 'olist rejects --retry', so that it keeps them."
        )
    if found and scheme != "s3":
        raise OriginalError(
            f"{where}: came from {scheme}://, which does not give the same bytes twice;"
            " land such sources with 'olist land --archive'."
        )
    try:
        with deliver(source, [row["table_name"]]) as delivery:
            yield delivery.files[0]
    except OriginalError:
        raise
    except (LoaderError, PermissionError, FileNotFoundError) as error:
        raise OriginalError(f"{where}: its original cannot be read: {error}") from error


def pack_original(source: str, row: Row, target: Path) -> None:
    """Pack a landed file into ``target``; OriginalError when it is not what was landed."""
    with original(source, row) as file:
        pack_source(file, source, row, target)


def pack_source(file: SourceFile, source: str, row: Row, target: Path) -> None:
    """Pack a file that is at hand; OriginalError when it is not what was landed."""
    with file.open() as content:
        checksum = packed.pack(content, target)
    if checksum != row["checksum"]:
        raise OriginalError(
            f"batch {row['batch_id']}, {row['file_name']}: has changed in {source} since it was"
            " landed; put the landed one back (its SHA-256 is in raw._files) and archive again."
        )


def packed_file(row: Row, file: Path, where: str) -> SourceFile:
    """The packed file of a ``raw._files`` row, to be read as what was landed.

    Raises LoaderError for a table that this version does not know.
    """
    return SourceFile(
        check_table(row, where),
        row["file_name"],
        row["bytes"],
        lambda: open_gzip(lambda: file.open("rb"), where),
        mode=row["mode"],
        encoding=row.get("encoding") or UTF_8,
    )


def check_table(row: Row, where: str) -> Table:
    """Table of a ``raw._files`` row. Raises LoaderError when this version does not know it."""
    table = BY_NAME.get(row["table_name"])
    if table is None:
        raise LoaderError(
            f"{where} is of table {row['table_name']}, which this version of olist does not know:"
            " upgrade it."
        )
    return table
