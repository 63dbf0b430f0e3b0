"""The text of a CSV file: its encoding, handed on as UTF-8, and its header."""

import codecs
import csv
import difflib
import io
import os
import re
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from loaders.errors import LoaderError, shown
from loaders.tables import Table

if TYPE_CHECKING:
    from _typeshed import SupportsRead, WriteableBuffer

UTF_8 = "utf-8"
_BOM = b"\xef\xbb\xbf"
_ENCODINGS = re.compile(r"utf-8|ascii|utf-16(-le|-be)?|iso8859-\d+|cp\d+|mac-\w+|koi8-\w+")
_BLOCK = 1 << 16
_ASCII = 0x7F
_MARK = "olist_mark"
_LIMIT = 1 << 20
_NAME_BYTES = 63  # PostgreSQL cuts longer names
_MOST = 1000  # columns; PostgreSQL has 1,600, also those that were dropped
# Not possessive as a whole: Python 3.11.2, Debian's, would take a quote that is not closed.
_FIRST_RECORD = re.compile(rb'[^"\r\n]*+(?:"[^"]*+"[^"\r\n]*+)*')
_SEPARATOR_LINE = re.compile(rb"sep=[,;|\t](?:\r\n|\n|\r)", re.IGNORECASE)  # of Excel
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
# The columns that raw, a load and the lake add, and the system columns of PostgreSQL.
_TAKEN = re.compile(
    r"_(batch_id|until_batch_id|loaded_at|source_file|is_removed|line|reason|text|replaced|is_gone"
    r"|surplus|copies|version|number)|ctid|[xc]m(in|ax)|tableoid"
)
_KINDS = {
    b"PK\x03\x04": "a zip archive or an Excel workbook; unpack it, or export it as CSV",
    b"\x1f\x8b": "compressed by gzip; name it .csv.gz, or unpack it",
    b"PAR1": "a Parquet file; export it as CSV",
    b"%PDF": "a PDF; export it as CSV",
}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def canonical(name: str) -> str:
    """Name of an encoding as Python spells it: ``latin-1`` is ``iso8859-1``.

    Raises LoaderError when it is none that text files come in.
    """
    try:
        found = codecs.lookup(name).name.replace("_", "-")
    except (LookupError, ValueError):
        found = ""
    if found in {"utf-8-sig", "ascii"}:
        return UTF_8
    if not _ENCODINGS.fullmatch(found):
        raise LoaderError(
            f"'{name}' is no known encoding; name one such as utf-8, latin-1, windows-1252, utf-16."
        )
    return found


def as_utf8(stream: "SupportsRead[bytes]", encoding: str) -> IO[bytes]:
    """Return the stream's text as UTF-8.

    A byte that the encoding does not have stays as it is, which is no UTF-8: COPY refuses its line.
    """
    return stream_of(recoded(stream, encoding))


def is_utf8(stream: IO[bytes]) -> bool:
    """Whether the whole stream is UTF-8 text (without NUL, which UTF-16 is full of)."""
    decoder = codecs.getincrementaldecoder(UTF_8)()
    block = b" "
    try:
        while block and b"\0" not in block:
            block = stream.read(_BLOCK)
            decoder.decode(block, final=not block)
    except UnicodeDecodeError:
        return False
    return not block


def _keep(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)  # noqa: S101 - it is only used to decode
    wrong = error.object[error.start : error.end]
    # surrogateescape writes these back as the bytes that they stand for
    return "".join(chr(0xDC00 + (byte if byte > _ASCII else 0xFF)) for byte in wrong), error.end


codecs.register_error(_MARK, _keep)


def recoded(stream: "SupportsRead[bytes]", encoding: str, size: int = _BLOCK) -> Generator[bytes]:
    """Yield the stream's text as UTF-8, in blocks of so many of its bytes; see ``as_utf8``."""
    decoder = None
    if encoding != UTF_8:
        decoder = codecs.getincrementaldecoder(encoding)(_MARK)
    while block := stream.read(size):
        yield decoder.decode(block).encode(UTF_8, "surrogateescape") if decoder else block
    if decoder:
        yield decoder.decode(b"", final=True).encode(UTF_8, "surrogateescape")


class _Blocks(io.RawIOBase):
    def __init__(self, blocks: Generator[bytes], closing: Callable[[], object]) -> None:
        self._blocks, self._closing, self._ready = blocks, closing, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer)
        while not self._ready and (block := next(self._blocks, None)) is not None:
            self._ready = block
        block, self._ready = self._ready[: len(view)], self._ready[len(view) :]
        view[: len(block)] = block
        return len(block)

    def close(self) -> None:
        if not self.closed:
            self._blocks.close()
            self._closing()
        super().close()


def stream_of(blocks: Generator[bytes], closing: Callable[[], object] = lambda: None) -> IO[bytes]:
    """Return what reads these blocks, and calls ``closing`` when it is closed."""
    return io.BufferedReader(_Blocks(blocks, closing), _BLOCK)


def reader_of(file: IO[Any]) -> IO[bytes]:
    """Return what reads an open file at a position of its own."""

    def blocks() -> Generator[bytes]:
        position = 0
        while block := os.pread(file.fileno(), _LIMIT, position):
            position += len(block)
            yield block

    return stream_of(blocks())


@dataclass(frozen=True)
class Header:
    """The first record of a file.

    ``names`` are the columns as the file spells them, ``text`` the record. ``carriage_returns``
    says that a CR alone ends a line. ``skip_lines`` lines come before it: Excel's ``sep=,``.
    """

    names: tuple[str, ...]
    text: str
    carriage_returns: bool
    skip_lines: int = 0


def read_header(file: str, stream: IO[bytes], encoding: str, table: Table) -> Header:
    """Read and check the header of a file.

    Raises LoaderError when the file is empty or no CSV, or its columns are not the table's.
    """
    line = f"{file}, line 1:"
    expected = f"expected the header {','.join(table.columns)}"
    start, text, skipped, record, end = b"", b"", 0, b"", b""
    while len(end) < 2 or end.startswith(b'"'):  # noqa: PLR2004 - a CR, and what follows it
        block = stream.read(_BLOCK)
        if not block or len(start) >= _LIMIT:
            break
        start += block
        _check_kind(file, start, encoding)
        text = as_utf8(io.BytesIO(start), encoding).read().removeprefix(_BOM)
        if separator := _SEPARATOR_LINE.match(text):
            text, skipped = text[separator.end() :], 1
        found = _FIRST_RECORD.match(text)
        record = found.group() if found else b""
        end = text[len(record) : len(record) + 2]
    if not text.strip():
        raise LoaderError(f"{file}: the file is empty; {expected}.")
    if b"\0" in text[: text.find(b"\n")]:
        raise LoaderError(f"{line} a NUL byte; this is no text file; {expected}.")
    if end.startswith(b'"'):
        raise LoaderError(f"{line} a quote opens and is not closed; {expected}.")
    if not end and len(text) >= _LIMIT:
        raise LoaderError(f"{line} no line end in the first MB; {expected}.")
    try:
        header = record.decode()
        names = tuple(next(csv.reader(io.StringIO(header, newline=""), strict=True), []))
    except UnicodeDecodeError as error:
        raise LoaderError(f"{line} {not_utf8(encoding)}.") from error
    except csv.Error as error:
        problem = _other_separator((header,), table)
        problem = problem or f"the header cannot be read ({error}); {expected}"
        raise LoaderError(f"{line} {problem}.") from error
    if problem := _wrong(names, table):
        raise LoaderError(f"{line} {problem}.")
    return Header(names, header, end.startswith(b"\r") and end != b"\r\n", skipped)


def _check_kind(file: str, start: bytes, encoding: str) -> None:
    """Raise LoaderError where a file is something else than text of this encoding."""
    for mark, kind in _KINDS.items():
        if start.startswith(mark):
            raise LoaderError(f"{file}: is {kind}.")
    if start.startswith(_UTF_16) and not encoding.startswith("utf-16"):
        save = "save it as UTF-8, or land it with --encoding utf-16"
        raise LoaderError(f"{file}, line 1: UTF-16, not UTF-8; {save}.")
    if encoding == "utf-16" and not start.startswith(_UTF_16):
        land = "land it with --encoding utf-16-le (or utf-16-be)"
        raise LoaderError(f"{file}, line 1: no UTF-16 mark; {land}.")


def header_warnings(names: tuple[str, ...], table: Table) -> list[str]:
    """What is unusual in a header, and no reason to refuse it."""
    said = []
    extra = [name for name in names if name not in table.columns]
    if extra:
        said.append(f"kept as extra text columns: {', '.join(extra)}")
    lacking = [name for name in table.columns if name not in names]
    if lacking:
        said.append(f"without the optional columns {', '.join(lacking)}")
    known = [name for name in names if name in table.columns]
    if known != [name for name in table.columns if name in known]:
        said.append("its columns come in another order, and are landed by their names")
    return said


def not_utf8(encoding: str) -> str:
    """What to say of text that is not of its encoding, and what to do."""
    if encoding == UTF_8:
        return (
            "not UTF-8; save it as UTF-8, or land it with --encoding latin-1 (or windows-1252):"
            " files that are UTF-8 are still read as UTF-8"
        )
    return f"bytes that are no {encoding}; name the encoding that it has, or save it as UTF-8"


def _wrong(names: tuple[str, ...], table: Table) -> str | None:
    """What is wrong with the names of a header, and what to do."""
    expected = f"expected {','.join(table.columns)}"
    required = set(table.columns) - table.optional_columns
    if not any(map(str.strip, names)):
        return f"no header; {expected}"
    if problem := _other_separator(names, table):
        return problem
    repeated = sorted({name for name in names if names.count(name) > 1 and name})
    if repeated:
        return f"the header repeats column {shown(', '.join(repeated))}; {expected}"
    missing = [name for name in table.columns if name in required and name not in names]
    extra = [name for name in names if name not in table.columns]
    if missing:
        plain = {_plain(name)[:99]: name for name in extra}
        like = [difflib.get_close_matches(_plain(name), plain, 1, 0.8) for name in missing]
        meant = sorted({plain[near] for found in like for near in found})
        hint = "".join(f" (did you mean it by '{shown(near)}'? rename it)" for near in meant)
        if not hint and 0 < len(extra) < len(names):  # else it may be a row of data
            hint = f" (is it what '{shown(', '.join(extra))}' is? rename it, or add the column)"
        hint = hint or f": export the file with {'it' if len(missing) == 1 else 'them'}"
        return f"the header lacks column {', '.join(missing)}{hint}; {expected}"
    if len(names) > _MOST:
        return f"{len(names):,} columns; at most {_MOST:,} can be landed"
    return next((problem for name in extra if (problem := _wrong_name(name, names))), None)


def _other_separator(names: tuple[str, ...], table: Table) -> str | None:
    """What to say of a header whose columns are not separated by commas."""
    for separator, called in _SEPARATORS.items():
        parts = [part.strip('" ') for name in names for part in name.split(separator)]
        if len(parts) > len(names) and set(table.columns) - table.optional_columns <= set(parts):
            return f"the columns are separated by {called}; export it with commas"
    return None


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "_", name.strip()).lower()


def _wrong_name(name: str, names: tuple[str, ...]) -> str | None:
    column = f"column {names.index(name) + 1}"
    same = [other for other in names if other != name and _plain(other) == _plain(name)]
    if not name.strip():
        return f"{column} has no name; name it, or drop it"
    if not name.isprintable():
        return f"the name of {column} has a control character; rename it"
    if len(name.encode()) > _NAME_BYTES:
        return f"the name of {column} is over {_NAME_BYTES} bytes; shorten it"
    if _TAKEN.fullmatch(name.lower()):
        return f"column {shown(name)} has a name that the warehouse uses itself; rename it"
    if same:
        return f"columns {shown(same[0])} and {shown(name)} are spelled alike; keep one of them"
    return None
