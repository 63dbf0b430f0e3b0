"""Rows that cannot be landed: found by a strict reader, counted, and listed in the ledger.

COPY stops at the first broken record, and cannot see an unclosed quote before the end of the file.
The reader is strict where COPY guesses: a quote opens at the start of a field and closes at its
end. Where that does not hold, the record is given up at the end of the line in which its quote
opened, and reading goes on with the next line.
"""

import csv
import io
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import islice
from typing import IO, NamedTuple

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loaders.connection import connect
from loaders.errors import LoaderError, shown
from loaders.land import ledger
from loaders.land.copy import BLOCK, INCOMING, Reader, listed, names_of, send
from loaders.land.ledger import Allowance, Batch
from loaders.sources import SourceFile
from loaders.sources.header import Header, not_utf8

# No record is longer, and no more is held in memory: a quote that closes later is not closed.
LIMIT = 1 << 24
_BOM = b"\xef\xbb\xbf"
_STRAY = "a quote within a field that does not begin with one"
_AFTER = "text after a closing quote"
_OPEN = "a quote opens and is not closed"
_RETURN = "a carriage return outside of quotes"
_LONG = f"a line of more than {LIMIT >> 20} MB"
_HEADER = "the header again"

LINE = sql.Identifier("_line")
_KEY_BYTES = 2000  # an index entry of PostgreSQL holds 2,704
_EXAMPLES = 3
_IN_MEMORY = 1 << 20
_COLUMNS = "batch_id, table_name, file_name, line_number, reason, raw_text"


class Record(NamedTuple):
    """One record: the line that it begins in, its bytes without the line's end, what is wrong."""

    line: int
    body: bytes
    reason: str | None


def records(stream: IO[bytes], header: Header) -> Iterator[Record]:
    """Yield the records of a UTF-8 CSV after its header; blank lines are left out.

    A good one has as many fields as the header and is not the header again, has quotes that open
    and close, and is UTF-8 without NUL.
    """
    found = _records(stream, len(header.names), header.carriage_returns)
    first = header.names[0].encode()
    for record in islice(found, 1 + header.skip_lines, None):
        if first in record.body and record.reason is None:
            text = io.StringIO(record.body.decode(), newline="")
            if tuple(next(csv.reader(text))) == header.names:
                yield record._replace(reason=_HEADER)
                continue
        yield record


def _records(stream: IO[bytes], fields: int, carriage_returns: bool) -> Iterator[Record]:
    lines = _cr_lines(stream) if carriage_returns else iter(partial(stream.readline, LIMIT), b"")
    ends = (b"\n", b"\r") if carriage_returns else b"\n"
    waiting: deque[bytes] = deque()
    number = 1
    while line := waiting.popleft() if waiting else next(lines, b""):
        if number == 1:
            line = line.removeprefix(_BOM)
        if len(line) >= LIMIT and not line.endswith(ends):
            yield Record(number, line, _LONG)
            while line and not line.endswith(ends):  # the rest of it
                line = next(lines, b"")
            number += 1
        elif b'"' in line:
            held, reason = _quoted(line, lines, waiting, fields, carriage_returns, number)
            yield Record(number, _body(b"".join(held), carriage_returns), reason)
            number += len(held)
        else:
            body = _body(line, carriage_returns)
            if body.strip(b","):
                yield Record(number, body, _wrong(body, body.count(b","), fields, b"\r" in body))
            number += 1


def _quoted(  # noqa: PLR0917 - a part of the loop of records, with all that it holds
    line: bytes,
    lines: Iterator[bytes],
    waiting: deque[bytes],
    fields: int,
    carriage_returns: bool,
    number: int,
) -> tuple[list[bytes], str | None]:
    """Return the lines of a record with quotes, and what is wrong with it."""
    held: list[bytes] = []
    inside, opened, commas, size, returns = False, 0, 0, 0, False
    while True:
        found = _scan(_body(line, carriage_returns), inside)
        held.append(line)
        size += len(line)
        if found.reason:
            inside = True
            break
        if found.opened:
            opened = len(held) - 1
        inside, commas, returns = found.inside, commas + found.commas, returns or found.returns
        if not inside or size > LIMIT:
            break
        line = waiting.popleft() if waiting else next(lines, b"")
        if not line:
            break
    body = _body(b"".join(held), carriage_returns)
    if not inside:
        return held, _wrong(body, commas, fields, returns)
    # The quotes are not to be trusted beyond the line in which the last one opened.
    waiting.extendleft(reversed(held[opened + 1 :]))
    if found.reason and len(held) == 1:
        return held, found.reason
    where = f" (line {number + opened})" if opened else ""
    return held[: opened + 1], f"{_OPEN}{where}"


class _Line(NamedTuple):
    """What the quotes of one line say: is one open at its end, did it open here, commas outside."""

    inside: bool
    opened: bool
    commas: int
    returns: bool
    reason: str | None


def _scan(text: bytes, inside: bool) -> _Line:
    """Follow the quotes through one line."""
    parts = text.split(b'"')
    last = len(parts) - 1
    commas, opened, returns = 0, not inside, False
    for index in range(1 if inside else 0, last + 1, 2):
        part = parts[index]
        if not part:
            continue  # the line's start or end, or the middle of a doubled quote
        if index and not part.startswith(b","):
            return _Line(True, opened, commas, returns, _AFTER)
        if index < last and not part.endswith(b","):
            return _Line(True, opened, commas, returns, _STRAY)
        commas += part.count(b",")
        returns = returns or b"\r" in part
        opened = True
    return _Line(inside ^ bool(last % 2), opened, commas, returns, None)


def _wrong(body: bytes, commas: int, fields: int, returns: bool) -> str | None:
    if b"\0" in body:
        return "a NUL byte"
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError as error:
            return f"not UTF-8 (byte 0x{body[error.start]:02X})"
    if returns:
        return _RETURN
    if commas + 1 != fields:
        return f"{commas + 1} field{'s' if commas else ''} instead of {fields}"
    return None


def _body(line: bytes, carriage_returns: bool) -> bytes:
    if line.endswith(b"\r\n"):
        return line[:-2]
    if line.endswith(b"\n") or (carriage_returns and line.endswith(b"\r")):
        return line[:-1]
    return line


def _cr_lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Lines that end in CR, LF or both; one that is too long comes in pieces, as of readline."""
    rest = b""
    while block := stream.read(1 << 20):
        # The last may go on in the next block, or end in a CR whose LF is there.
        *whole, rest = (rest + block).splitlines(keepends=True)
        yield from whole
        if len(rest) >= LIMIT:
            yield rest
            rest = b""
    if rest:
        yield rest


class Rejects(ExitStack):
    """The bad rows of one file, as many as are allowed; a context that removes its own file."""

    def __init__(self, file: SourceFile, batch: Batch) -> None:
        super().__init__()
        self.count = 0
        self._file = file
        self._batch_id = batch.batch_id
        self._allowance = batch.rules.allowance
        self._examples: list[tuple[int, str]] = []
        spool = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by the context
        self._spool: IO[bytes] = self.enter_context(spool)
        text = io.TextIOWrapper(self._spool, encoding="utf-8", newline="", write_through=True)
        self.callback(text.detach)
        self._writer = csv.writer(text)

    def copy_good(self, cursor: Cursor, reader: Reader) -> int:
        """COPY the good records into ``incoming``, each with its line; return all that were read.

        Raises LoaderError when more are bad than is allowed.
        """
        columns = names_of(self._file.header())
        good = _Good(self._good(reader))
        send(
            cursor,
            sql.SQL(
                "copy {} ({}, {}) from stdin (format csv, encoding 'UTF8', force_null ({}))"
            ).format(INCOMING, LINE, columns, columns),
            good,
        )
        return cursor.rowcount + self.count

    def _good(self, reader: Reader) -> Iterator[bytes]:
        for line, body, reason in records(io.BufferedReader(reader, BLOCK), self._file.layout):
            if reason is None:
                yield b"%d,%b\n" % (line, body)
            else:
                self._reject(line, reason, body)

    def _reject(self, line: int, reason: str, body: bytes) -> None:
        reason = reason.replace("not UTF-8", f"not {self._file.encoding.upper()}")
        self._count(1, [(line, reason)])
        text = body.decode("utf-8", "backslashreplace").replace("\0", "\\x00")
        name = self._file.table.name
        self._writer.writerow((self._batch_id, name, self._file.name, line, reason, text))

    def reject_keys(self, cursor: Cursor) -> None:
        """Move the incoming rows with bad keys out; raise LoaderError when they are too many.

        Of a key that comes with different values every row is one: which is right, only the user
        can say.
        """
        cursor.execute(
            "drop table if exists pg_temp.bad_keys;"
            " create temporary table bad_keys (line bigint, reason text, body text) on commit drop"
        )
        table = self._file.table
        if not table.key:
            return
        names = ", ".join(table.key)
        long = sql.SQL("octet_length(concat({})) > {}").format(
            names_of((*table.key, *table.lookups)), sql.Literal(_KEY_BYTES)
        )
        self._move(cursor, sql.Literal(f"a key ({names}) of more than {_KEY_BYTES:,} bytes"), long)
        self._move(cursor, sql.Literal(f"empty key ({names})"), _is_empty(table.key))
        if not has_repeats(cursor, INCOMING, self._file):
            return
        _drop_equal(cursor, INCOMING, self._file, LINE)
        cursor.execute(
            sql.SQL(
                "create temporary table doubled on commit drop as"
                " select {keys}, (array_agg({line} order by {line}))[1:5] as _lines"
                " from {incoming} group by {keys} having count(*) > 1"
            ).format(keys=names_of(table.key), line=LINE, incoming=INCOMING)
        )
        reason = sql.SQL(
            "concat({}, left(concat_ws(', ', {}), 100), {}, array_to_string(_lines, ', '), ')')"
        ).format(
            sql.Literal(f"the key ({names}) = ("),
            listed("incoming.{}", table.key),
            sql.Literal(") comes more than once with different values (lines "),
        )
        same = listed("incoming.{0} = doubled.{0}", table.key, " and ")
        self._move(cursor, reason, same, sql.SQL(", pg_temp.doubled"))
        cursor.execute("drop table pg_temp.doubled")

    def _move(
        self,
        cursor: Cursor,
        reason: sql.Composable,
        where: sql.Composable,
        others: sql.Composable = sql.SQL(""),  # noqa: B008 - it is constant
    ) -> None:
        body = listed(
            "case when incoming.{0} ~ '[\",\\r\\n]' then concat('\"', replace(incoming.{0}, '\"',"
            " '\"\"'), '\"') else coalesce(incoming.{0}, '') end",
            self._file.header(),
        )
        cursor.execute(
            sql.SQL(
                "insert into pg_temp.bad_keys select {}, {}, concat_ws(',', {})"
                " from {} as incoming{} where {}"
            ).format(LINE, reason, body, INCOMING, others, where)
        )
        if not cursor.rowcount:
            return
        count = cursor.rowcount
        cursor.execute(
            sql.SQL("delete from {} using pg_temp.bad_keys where {} = bad_keys.line").format(
                INCOMING, LINE
            )
        )
        cursor.execute("select min(line), reason from pg_temp.bad_keys group by 2 order by 1")
        self._count(count, [(line, reason) for line, reason in cursor.fetchmany(_EXAMPLES)])

    def write(self, cursor: Cursor) -> None:
        """Write the rejected rows into the ledger."""
        self._spool.seek(0)
        copy = sql.SQL("copy raw._rejected_rows ({}) from stdin (format csv, encoding 'UTF8')")
        send(cursor, copy.format(sql.SQL(_COLUMNS)), self._spool)
        cursor.execute(
            sql.SQL(
                "insert into raw._rejected_rows ({}) select %s, %s, %s, line, reason, body"
                " from pg_temp.bad_keys"
            ).format(sql.SQL(_COLUMNS)),
            (self._batch_id, self._file.table.name, self._file.name),
        )

    def _count(self, count: int, examples: list[tuple[int, str]]) -> None:
        self.count += count
        self._examples = sorted({*self._examples, *examples})[:_EXAMPLES]
        self.check()

    def check(self, rows: int | None = None) -> None:
        """Raise LoaderError when more rows are bad than is allowed, of all ``rows`` of the file."""
        if not self._allowance.exceeded(self.count, rows):
            return
        name = self._file.name
        if self._allowance == Allowance():
            line, reason = self._examples[0]
            raise LoaderError(f"{name}, {_where(line, reason)}; {self._remedy(reason)}.")
        reasons = "; ".join(_where(line, reason) for line, reason in self._examples)
        of = f" of {rows:,}" if rows is not None else " or more"
        raise LoaderError(
            f"{name}: {self.count:,}{of} rows are bad, and --max-rejects allows {self._allowance}:"
            f" {reasons}; fix the file and land it again."
        )

    def _remedy(self, reason: str) -> str:
        if reason.startswith("not "):
            return not_utf8(self._file.encoding).partition("; ")[2]
        if "more than once" in reason:
            return "keep the row that is right"
        if reason.startswith("empty key"):
            return "fill it in, or drop the row"
        if reason == _HEADER:
            return "drop the line"
        return "fix the file and land it again, or land its other rows with --max-rejects"


class _Good:
    """A stream of rows, for COPY."""

    def __init__(self, rows: Iterator[bytes]) -> None:
        self._rows = rows
        self._ready = bytearray()

    def read(self, size: int = -1) -> bytes:
        while len(self._ready) < size and (row := next(self._rows, b"")):
            self._ready += row
        block = bytes(self._ready[:size])
        del self._ready[:size]
        return block


class BadKeys(Exception):  # noqa: N818 - no error yet: the strict reader says what is wrong
    """Some keys of a file are empty, or come with different values, or are the header's names."""


def drop_repeats(cursor: Cursor, target: sql.Composable, file: SourceFile) -> int:
    """Delete rows of ``target`` that repeat another one in every column; return how many.

    Raises BadKeys when a key comes with different values.
    """
    if not has_repeats(cursor, target, file):
        return 0
    dropped = _drop_equal(cursor, target, file, sql.SQL("ctid"))
    if has_repeats(cursor, target, file):
        raise BadKeys
    return dropped


def has_repeats(cursor: Cursor, target: sql.Composable, file: SourceFile) -> bool:
    """Whether a key comes more than once."""
    cursor.execute(
        sql.SQL("select exists (select from {} group by {} having count(*) > 1)").format(
            target, names_of(file.table.key)
        )
    )
    return cursor.fetchone() == (True,)


def _drop_equal(
    cursor: Cursor, target: sql.Composable, file: SourceFile, order: sql.Composable
) -> int:
    cursor.execute(
        sql.SQL(
            "delete from {0} where ctid in (select ctid from (select ctid, row_number() over"
            " (partition by {1} order by {2}) as copy from {0}) as copies where copy > 1)"
        ).format(target, names_of(file.header()), order)
    )
    return cursor.rowcount


def show(
    batch: int | None = None, table: str | None = None, say: Callable[[str], None] = print
) -> None:
    """Print the rejected rows of a batch, of a raw table, or all. Raises LoaderError."""
    with connect() as link, link.cursor() as cursor:
        if not ledger.exists(cursor):
            raise LoaderError("nothing was landed here yet: olist land PATH.")
        cursor.execute(
            "select batch_id, file_name, line_number, reason, raw_text from raw._rejected_rows"
            " where (%(batch)s is null or batch_id = %(batch)s)"
            " and (%(table)s is null or table_name = %(table)s)"
            " order by batch_id, table_name, line_number",
            {"batch": batch, "table": table},
        )
        for number, file, line, reason, text in cursor:
            say(f"batch {number}: {file}, line {line}: {shown(reason, 0)}")
            say(f"    {shown(text, 120)}")
        say(f"{cursor.rowcount:,} rejected rows")
        if cursor.rowcount:
            say("fix them in the file, and land it again: olist land PATH")


def _is_empty(key: tuple[str, ...]) -> sql.Composable:
    return sql.SQL("num_nulls({}) > 0").format(names_of(key))


def _where(line: int, reason: str) -> str:
    """A reason behind its line, or the lines that it names."""
    text, named, lines = shown(reason, limit=0).rpartition(" (lines ")
    return f"lines {lines[:-1]}: {text}" if named else f"line {line}: {shown(reason, limit=0)}"
