"""Rows that cannot be landed: found by a strict reader, counted, and listed in the ledger.

COPY stops at the first broken record, and cannot see an unclosed quote before the end of the file.
The reader is strict where COPY guesses: a quote opens at the start of a field and closes at its
end. Where that does not hold, the record is given up at the end of the line in which its quote
opened, and reading goes on with the next line.
"""

import csv
import io
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from typing import IO, TYPE_CHECKING, NamedTuple

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loaders.connection import connect
from loaders.errors import LoaderError, shown
from loaders.land import ledger
from loaders.land.copy import INCOMING, Reader, listed, run, send
from loaders.land.ledger import Batch
from loaders.sources import SourceFile
from loaders.sources.text import Header, not_utf8

if TYPE_CHECKING:
    from _typeshed import SupportsRead

# No record is longer, and no more is held in memory: a quote that closes later is not closed.
LIMIT = 1 << 24
_BLOCK = 1 << 20
_BOM = b"\xef\xbb\xbf"
_QUOTED = re.compile(rb'"(?:[^"]|"")*+"')
_FIELD = rb'(?:"(?:[^"]|"")*+"|[^",%b]*+)'
# The fields of a record, and what ends it: LF or CRLF, or on old Macs CR.
_LF = (re.compile((_FIELD + rb"(?:," + _FIELD + rb")*+") % (b"\n", b"\n")), re.compile(rb"\r?\n"))
_CR = (
    re.compile((_FIELD + rb"(?:," + _FIELD + rb")*+") % (b"\r\n", b"\r\n")),
    re.compile(rb"\r\n?|\n"),
)
_HEADER = "the header again"

_KEY_BYTES = 2000  # an index entry of PostgreSQL holds 2,704
_EXAMPLES = 3
_REJECTED = "raw._rejected_rows (batch_id, table_name, file_name, line_number, reason, raw_text)"
_REMEDIES = {
    "more than once": "keep the row that is right",
    "empty key": "fill it in, or drop the row",
    _HEADER: "drop the line",
}


class Record(NamedTuple):
    """One record: the line that it begins in, its bytes without the line's end, what is wrong."""

    line: int
    body: bytes
    reason: str | None


def records(stream: "SupportsRead[bytes]", header: Header) -> Iterator[Record]:
    """Yield the records of a UTF-8 CSV that begins with its header; blank ones are left out.

    A good one has as many fields as the header and is not the header again, has quotes that open
    and close, and is UTF-8 without NUL.
    """
    split = _split(stream, *(_CR if header.carriage_returns else _LF))
    for line, body, reason in islice(split, 1, None):
        if reason or body.strip(b","):
            yield Record(line + header.skip_lines, body, reason or _wrong(body, header))


def _split(
    stream: "SupportsRead[bytes]", fields: re.Pattern[bytes], ends: re.Pattern[bytes]
) -> Iterator[Record]:
    """Split a CSV into records that are not empty; reasons are of quotes and lines alone."""
    text, start, line, more = stream.read(_BLOCK).removeprefix(_BOM), 0, 1, True
    while more or start < len(text):
        found = fields.match(text, start)
        stop = found.end() if found else start
        opens = text[stop : stop + 1] == b'"' and text[max(start, stop - 1) : stop] in {b"", b","}
        end, reason = ends.match(text, stop), None
        full = not more or len(text) - start >= LIMIT
        # It may go on behind what was read: with a quote that closes, or the LF of a CR.
        whole = not opens and stop + 2 <= len(text)
        if end is None and (whole or full) and (more or stop < len(text)):
            broken, reason = _broken(text, start, stop, opens)
            if lines := len(ends.findall(text, start, broken)):
                reason += f" (line {line + lines})"
            end = ends.search(text, broken)
            stop = end.start() if end else len(text)
            whole = end is not None and end.end() < len(text)
        if not (whole or full):
            block = stream.read(max(_BLOCK, len(text) - start))
            text, start, more = text[start:] + block, 0, bool(block)
            continue
        if body := text[start:stop]:
            yield Record(line, body if reason or not end else body.removesuffix(b"\r"), reason)
        line += len(ends.findall(text, start, stop)) + 1
        while end is None and more:  # the rest of a line that is too long
            text = stream.read(_BLOCK)
            end, more = ends.search(text), bool(text)
        start = end.end() if end else len(text)


def _broken(text: bytes, start: int, stop: int, opens: bool) -> tuple[int, str]:
    """Where a record is broken, of which the part before ``stop`` is right, and how."""
    unclosed = "a quote opens and is not closed"
    if opens:
        return stop, unclosed
    fields = list(_QUOTED.finditer(text, start, stop))
    for field in reversed(fields):  # no quote is trusted beyond the line in which it opened
        if b"\n" in field.group() or b"\r" in field.group():
            return field.start(), unclosed
    if fields and fields[-1].end() == stop:
        return stop, "text after a closing quote"
    if stop == len(text):
        return stop, f"a line of more than {LIMIT >> 20} MB"
    return stop, "a quote within a field that does not begin with one"


def _wrong(body: bytes, header: Header) -> str | None:
    if b"\0" in body:
        return "a NUL byte"
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        return f"not UTF-8 (byte 0x{body[error.start]:02X})"
    plain = _QUOTED.sub(b"", body) if b'"' in body else body
    if b"\r" in plain:
        return "a carriage return outside of quotes"
    fields = 1 + plain.count(b",")
    if fields != len(header.names):
        return f"{fields} field{'s' if fields > 1 else ''} instead of {len(header.names)}"
    if header.names[0] in text and tuple(next(csv.reader(io.StringIO(text)))) == header.names:
        return _HEADER
    return None


class Rejects(ExitStack):
    """The bad rows of one file, as many as are allowed; a context that removes its own file."""

    def __init__(self, file: SourceFile, batch: Batch) -> None:
        super().__init__()
        self.count = 0
        self._file, self._batch = file, batch
        self._examples: list[tuple[int, str]] = []
        spool = tempfile.SpooledTemporaryFile(_BLOCK)  # noqa: SIM115 - closed by this context
        self._spool: IO[bytes] = self.enter_context(spool)
        text = io.TextIOWrapper(self._spool, encoding="utf-8", newline="", write_through=True)
        self.callback(text.detach)
        self._writer = csv.writer(text)

    def copy_good(self, cursor: Cursor, reader: Reader) -> int:
        """COPY the good records into ``incoming``, each with its line; return all that were read.

        Raises LoaderError when more are bad than is allowed.
        """
        options = "format csv, encoding 'UTF8', force_null ({columns})"
        statement = f"copy pg_temp.incoming (_line, {{columns}}) from stdin ({options})"
        good = _Rows(self._good(reader))
        return send(cursor, statement, good, columns=self._file.header()) + self.count

    def _good(self, reader: Reader) -> Iterator[bytes]:
        for line, body, wrong in records(reader, self._file.layout):
            if wrong is None:
                yield b"%d,%b\n" % (line, body)
            else:
                reason = wrong.replace("not UTF-8", f"not {self._file.encoding.upper()}")
                self._count(1, [(line, reason)])
                text = body.decode("utf-8", "backslashreplace").replace("\0", "\\x00")
                self.keep(line, reason, text)

    def keep(self, line: int, reason: str, text: str) -> None:
        """Keep a row on disk, as the connection is busy with the good ones."""
        name, number = self._file.table.name, self._batch.batch_id
        self._writer.writerow((number, name, self._file.name, line, reason, text))

    def reject_keys(self, cursor: Cursor) -> None:
        """Move the incoming rows with bad keys out; raise LoaderError when they are too many.

        Of a key that comes with different values every row is one: which is right, only the user
        can say.
        """
        table, columns = self._file.table, self._file.header()
        bad_keys = "bad_keys (line bigint, reason text, body text)"
        run(cursor, "drop table if exists pg_temp.bad_keys")
        run(cursor, f"create temporary table {bad_keys} on commit drop")
        if not table.key:
            return
        _drop_equal(cursor, INCOMING, columns, "_line")
        names = ", ".join(table.key)
        count = run(
            cursor,
            "insert into pg_temp.bad_keys select _line, reason, body from (select _line, case"
            " when octet_length(concat({indexed})) > {most} then {long}"
            " when num_nulls({key}) > 0 then {empty}"
            " when count(*) over same > 1 then concat({doubled}, left(concat_ws(', ', {key}), 100),"
            " ') comes more than once with different values (lines ',"
            " array_to_string((array_agg(_line) over same)[1:5], ', '), ')') end as reason,"
            " concat_ws(',', {body}) as body from pg_temp.incoming window same as (partition by"
            " {key} order by _line rows between unbounded preceding and unbounded following))"
            " as rows where reason is not null",
            indexed=(*table.key, *table.lookups),
            most=sql.Literal(_KEY_BYTES),
            key=table.key,
            long=sql.Literal(f"a key ({names}) of more than {_KEY_BYTES:,} bytes"),
            empty=sql.Literal(f"empty key ({names})"),
            doubled=sql.Literal(f"the key ({names}) = ("),
            body=listed(
                "case when {0} ~ '[\",\r\n]' then concat('\"', replace({0}, '\"', '\"\"'), '\"')"
                " else coalesce({0}, '') end",
                columns,
            ),
        )
        if count:
            run(cursor, "delete from pg_temp.incoming using pg_temp.bad_keys where _line = line")
            run(cursor, "select min(line), reason from pg_temp.bad_keys group by 2 order by 1")
            self._count(count, cursor.fetchmany(_EXAMPLES))

    def write(self, cursor: Cursor) -> None:
        """Write the rejected rows into the ledger."""
        self._spool.seek(0)
        send(cursor, f"copy {_REJECTED} from stdin (format csv, encoding 'UTF8')", self._spool)
        row = (self._batch.batch_id, self._file.table.name, self._file.name)
        run(
            cursor,
            "insert into {rejected} select {row}, line, reason, body from pg_temp.bad_keys",
            rejected=sql.SQL(_REJECTED),
            row=sql.SQL(", ").join(map(sql.Literal, row)),
        )

    def _count(self, count: int, examples: list[tuple[int, str]]) -> None:
        self.count += count
        self._examples = sorted([*self._examples, *examples])[:_EXAMPLES]
        self.check()

    def check(self, rows: int | None = None) -> None:
        """Raise LoaderError when more rows are bad than is allowed, of all ``rows`` of the file."""
        rules, name = self._batch.rules, self._file.name
        if not rules.too_many(self.count, rows):
            return
        if rules.max_rejects == "0":
            line, reason = self._examples[0]
            raise LoaderError(f"{name}, {_where(line, reason)}; {self._remedy(reason)}.")
        reasons = "; ".join(_where(line, reason) for line, reason in self._examples)
        of = f" of {rows:,}" if rows is not None else " or more"
        raise LoaderError(
            f"{name}: {self.count:,}{of} rows are bad, and --max-rejects allows"
            f" {rules.max_rejects}: {reasons}; fix the file and land it again."
        )

    def _remedy(self, reason: str) -> str:
        if reason.startswith("not "):
            return not_utf8(self._file.encoding).partition("; ")[2]
        for part, remedy in _REMEDIES.items():
            if part in reason:
                return remedy
        return "fix the file and land it again, or land its other rows with --max-rejects"


class _Rows:
    """A stream of rows, for COPY."""

    def __init__(self, rows: Iterator[bytes]) -> None:
        self._rows = rows

    def read(self, size: int = -1) -> bytes:
        return b"".join(islice(self._rows, max(1, size // 256)))


class BadRows(Exception):  # noqa: N818 - no error yet: the strict reader says what is wrong
    """Some keys of a file come with different values, or a row is the header again."""


def drop_repeats(cursor: Cursor, target: sql.Composable, file: SourceFile) -> int:
    """Delete rows of ``target`` that repeat another one in every column; return how many.

    Raises BadRows when a key comes with different values.
    """
    doubled = "select from {target} group by {key} having count(*) > 1 limit 1"
    if not run(cursor, doubled, target=target, key=file.table.key):
        return 0
    dropped = _drop_equal(cursor, target, file.header(), "ctid")
    if run(cursor, doubled, target=target, key=file.table.key):
        raise BadRows
    return dropped


def _drop_equal(
    cursor: Cursor, target: sql.Composable, columns: Sequence[str], first_by: str
) -> int:
    return run(
        cursor,
        "delete from {target} where ctid in (select ctid from (select ctid, row_number() over"
        " (partition by {columns} order by {first_by}) as number from {target}) as copies"
        " where number > 1)",
        target=target,
        columns=columns,
        first_by=sql.SQL(first_by),
    )


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


def _where(line: int, reason: str) -> str:
    """A reason behind its line, or the lines that it names."""
    text, named, lines = shown(reason, limit=0).rpartition(" (lines ")
    return f"lines {lines[:-1]}: {text}" if named else f"line {line}: {shown(reason, limit=0)}"
