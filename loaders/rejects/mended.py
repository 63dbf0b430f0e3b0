"""Files of rejected rows that a user has mended."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from loaders.errors import LoaderError
from loaders.rejects.listing import ID
from loaders.sources.records import records

_ROW = re.compile(rb'"?(\d{1,18})"?,(.*)', re.DOTALL)
_START = re.compile(rf'(?:\ufeff)?"?{ID}"?(.)(.*)', re.DOTALL)


class Mended(NamedTuple):
    """A row with the header of its file; its text is None where it is still no row."""

    reject_id: int
    header: str
    text: str | None
    reason: str | None


def read_mended(folder: Path) -> Iterator[Mended]:
    """Yield the rows of the CSV files that ``olist rejects --out`` wrote into a folder.

    Raises LoaderError when there is none, or one is not of that form.
    """
    files = sorted(folder.glob("*.csv")) if folder.is_dir() else []
    if not files:
        raise LoaderError(f"{folder}: no folder with CSV files; write them by olist rejects --out.")
    for file in files:
        try:
            yield from _rows(file)
        except OSError as error:
            raise LoaderError(f"{file}: cannot be read ({error.strerror}).") from error


def _rows(file: Path) -> Iterator[Mended]:
    with file.open("rb") as stream:
        first = stream.readline(1 << 20).decode("utf-8", "replace").rstrip("\r\n")
        found = _START.fullmatch(first)
        if found is None or found[1] != ",":
            raise LoaderError(
                f"{file}, line 1: does not begin with {ID} and a comma; keep that column, and"
                " save the file as CSV with commas."
            )
        header = found[2]
        fields = len(next(csv.reader(io.StringIO(header))))
        stream.seek(0)
        rows = records(stream, fields + 1)
        next(rows, None)
        for row in rows:
            numbered = _ROW.fullmatch(row.body)
            if numbered is None:
                if row.reason:
                    continue  # the rest of a broken row, whose beginning has the number
                raise LoaderError(
                    f"{file}, line {row.line}: no number in {ID}; keep those that were written."
                )
            text = None if row.reason else numbered[2].decode()
            yield Mended(int(numbered[1]), header, text, row.reason)
