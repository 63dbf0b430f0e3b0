"""The first line of a CSV: what it must say, and what is wrong with it in a sentence."""

import csv
import difflib
import io
import re
from dataclasses import dataclass
from typing import IO

from loaders.errors import LoaderError, shown
from loaders.sources.encodings import UTF_8, as_utf8
from loaders.tables import Table

_LIMIT = 1 << 20
_NAME_BYTES = 63  # PostgreSQL cuts longer names
_MOST = 1000  # columns; PostgreSQL has 1,600, also those that were dropped
_FIRST_RECORD = re.compile(rb'[^"\r\n]*+(?:"[^"]*+"[^"\r\n]*+)*+')
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
# The batch columns, the system columns of PostgreSQL, and what a landing adds for itself.
_TAKEN = {
    *("_batch_id", "_until_batch_id", "_loaded_at", "_source_file"),
    *("_line", "_arrived", "_replaced", "_surplus", "_copies", "_lines"),
    *("ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"),
}
_KINDS = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook; unpack it, or export it as CSV"),
    (b"\x1f\x8b", "compressed by gzip; name it .csv.gz, or unpack it"),
    (b"PAR1", "a Parquet file; export it as CSV"),
    (b"%PDF", "a PDF; export it as CSV"),
)
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Header:
    """Column names as the file spells them, its text, and whether a CR alone ends its lines.

    ``skip_lines`` are the lines before it, as in ``sep=,``.
    """

    names: tuple[str, ...]
    text: str
    carriage_returns: bool
    skip_lines: int = 0


def read_header(file: str, stream: IO[bytes], encoding: str, table: Table) -> Header:
    """Read and check the header of a file.

    Raises LoaderError when the file is empty or no CSV, or its columns are not the table's.
    """
    start = _read(stream)
    for mark, kind in _KINDS:
        if start.startswith(mark):
            raise LoaderError(f"{file}: is {kind}.")
    if start.startswith(_UTF_16) and not encoding.startswith("utf-16"):
        raise LoaderError(
            f"{file}, line 1: UTF-16, not UTF-8; save it as UTF-8, or land it with"
            " --encoding utf-16."
        )
    if encoding == "utf-16" and start and not start.startswith(_UTF_16):
        raise LoaderError(
            f"{file}, line 1: no UTF-16 mark; land it with --encoding utf-16-le (or utf-16-be)."
        )
    start = _read(as_utf8(io.BytesIO(start), encoding)).removeprefix(b"\xef\xbb\xbf")
    expected = f"expected the header {','.join(table.columns)}"
    if not start.strip():
        raise LoaderError(f"{file}: the file is empty; {expected}.")
    if b"\0" in start[: start.find(b"\n")]:
        raise LoaderError(f"{file}, line 1: a NUL byte; this is no text file; {expected}.")
    found = _FIRST_RECORD.match(start)
    record = found.group() if found else b""
    end = start[len(record) : len(record) + 2]
    if end.startswith(b'"'):
        raise LoaderError(f"{file}, line 1: a quote opens and is not closed; {expected}.")
    if not end and len(start) >= _LIMIT:
        raise LoaderError(f"{file}, line 1: no line end in the first MB; {expected}.")
    names = _names(file, record, encoding)
    _check(file, names, table)
    return Header(names, record.decode(), end.startswith(b"\r") and end != b"\r\n")


def remarks(names: tuple[str, ...], table: Table) -> list[str]:
    """What is unusual in a header, and no reason to refuse it."""
    said = []
    extra = [name for name in names if name not in table.columns]
    if extra:
        said.append(f"kept as new text columns: {', '.join(extra)}")
    known = [name for name in names if name in table.columns]
    if known != [name for name in table.columns if name in names]:
        said.append("its columns come in another order, and are landed by their names")
    return said


def _read(stream: IO[bytes]) -> bytes:
    blocks, size = [], 0
    while size < _LIMIT and (block := stream.read(_LIMIT - size)):
        blocks.append(block)
        size += len(block)
    return b"".join(blocks)


def _names(file: str, record: bytes, encoding: str) -> tuple[str, ...]:
    try:
        return tuple(next(csv.reader(io.StringIO(record.decode(), newline=""), strict=True), []))
    except UnicodeDecodeError as error:
        raise LoaderError(f"{file}, line 1: {not_utf8(encoding)}.") from error
    except csv.Error as error:
        raise LoaderError(f"{file}, line 1: the header cannot be read ({error}).") from error


def not_utf8(encoding: str) -> str:
    """What to say of text that is not of its encoding, and what to do."""
    if encoding == UTF_8:
        return "not UTF-8; save it as UTF-8, or land it with --encoding latin-1 (or windows-1252)"
    return f"bytes that are no {encoding}; name the encoding that it has, or save it as UTF-8"


def _check(file: str, names: tuple[str, ...], table: Table) -> None:
    expected = ",".join(table.columns)
    where = f"{file}, line 1:"
    if not any(name.strip() for name in names):
        raise LoaderError(f"{where} no header; expected {expected}.")
    for separator, called in _SEPARATORS.items():
        parts = [part.strip('" ') for name in names for part in name.split(separator)]
        if len(parts) > len(names) and set(table.columns) <= set(parts):
            raise LoaderError(
                f"{where} the columns are separated by {called}; export it with commas."
            )
    repeated = sorted({name for name in names if names.count(name) > 1 and name})
    if repeated:
        raise LoaderError(
            f"{where} the header repeats column {shown(', '.join(repeated))}; expected {expected}."
        )
    missing = table.lacking(names)
    extra = [name for name in names if name not in table.columns]
    if missing:
        like = {near: name for name in missing if (near := _like(name, extra)) is not None}
        hint = "".join(f" (did you mean it by '{shown(near)}'? rename it)" for near in sorted(like))
        raise LoaderError(
            f"{where} the header lacks column {', '.join(missing)}{hint}; expected {expected}."
        )
    if len(names) > _MOST:
        raise LoaderError(f"{where} {len(names):,} columns; at most {_MOST:,} can be landed.")
    for name in extra:
        _check_extra(where, name, names)


def _like(name: str, extra: list[str]) -> str | None:
    """The column that is probably meant by one that is missing."""
    for other in extra:
        if _plain(other) == _plain(name):
            return other
    near = difflib.get_close_matches(name, [other[:99] for other in extra], 1, 0.8)
    return near[0] if near else None


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "_", name.strip()).lower()


def _check_extra(where: str, name: str, names: tuple[str, ...]) -> None:
    position = names.index(name) + 1
    same = [other for other in names if other != name and _plain(other) == _plain(name)]
    problem = None
    if not name.strip():
        problem = f"column {position} has no name; name it, or drop it"
    elif not name.isprintable():
        problem = f"the name of column {position} has a control character; rename it"
    elif len(name.encode()) > _NAME_BYTES:
        problem = f"the name of column {position} is over {_NAME_BYTES} bytes; shorten it"
    elif name.lower() in _TAKEN:
        problem = f"column {shown(name)} has a name that the warehouse uses itself; rename it"
    elif same:
        problem = f"columns {shown(same[0])} and {shown(name)} are spelled alike; keep one of them"
    if problem:
        raise LoaderError(f"{where} {problem}.")
