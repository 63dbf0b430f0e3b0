"""A CSV file of one raw table, wherever it lies."""

import csv
import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO

from loaders.errors import LoaderError
from loaders.tables import Table

_BLOCK = 1 << 20


@dataclass(frozen=True)
class SourceFile:
    """One CSV file of one table, and how to open it (as often as needed) for its bytes.

    ``mode`` is ``delta`` or ``snapshot`` where the source knows it for this file, else None: the
    mode of the batch.
    """

    table: Table
    name: str
    size: int
    open: Callable[[], IO[bytes]] = field(repr=False)
    mode: str | None = None

    def checksum(self) -> str:
        """SHA-256 of the content, in hex: the figure that ``sha256sum`` prints."""
        digest = hashlib.sha256()
        with self.open() as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
        return digest.hexdigest()

    def header(self) -> tuple[str, ...]:
        """Column names as the file spells them.

        Raises LoaderError when the file is empty, is not UTF-8, or lacks or repeats a column.
        """
        with self.open() as stream:
            text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
            try:
                names = next(csv.reader(text), [])
            except UnicodeDecodeError as error:
                raise LoaderError(f"{self.name}, line 1: not UTF-8; save it as UTF-8.") from error
        expected = ",".join(self.table.columns)
        if not any(names):
            raise LoaderError(f"{self.name}: the file is empty; expected the header {expected}.")
        repeated = sorted({name for name in names if names.count(name) > 1})
        missing = [name for name in self.table.columns if name not in names]
        unknown = [name for name in names if name not in self.table.columns]
        for problem, columns in (
            ("repeats", repeated),
            ("lacks", missing),
            ("has the unknown", unknown),
        ):
            if columns:
                raise LoaderError(
                    f"{self.name}, line 1: the header {problem} column {', '.join(columns)};"
                    f" expected {expected}."
                )
        return tuple(names)
