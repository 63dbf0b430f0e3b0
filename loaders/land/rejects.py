"""Rows that cannot be landed: found by a strict reader, counted, and listed in the ledger.

COPY stops at the first broken record, and cannot see an unclosed quote before the end of the file.
The reader is strict where COPY guesses: a quote opens at the start of a field and closes at its
end. Where that does not hold, the record is given up at the end of the line in which its quote
opened, and reading goes on with the next line.
"""

import csv
import io
import itertools
import re
from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import NamedTuple

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loaders.connection import connect
from loaders.errors import LoaderError, shown
from loaders.land import ledger
from loaders.land.copy import INCOMING, Reader, create_table, run, send
from loaders.land.ledger import Batch, Rules
from loaders.sources import SourceFile
from loaders.sources.text import Header, not_utf8, stream_of

# No record is longer, and no more is held in memory: a quote that closes later is not closed.
LIMIT = 1 << 23
_QUOTED = re.compile(r'"[^"]*+(?:""[^"]*+)*+"')
_FIELD = rf'(?:{_QUOTED.pattern}|[^",\r\n]*+)'
_FIELDS = re.compile(f"{_FIELD}(?:,{_FIELD})*+")
_HEADER = "the header again"

_KEY_BYTES = 2000  # an index entry of PostgreSQL holds 2,704
_EXAMPLES = 3
_REMEDIES = {
    "more than once": "keep the row that is right",
    "empty key": "fill it in, or drop the row",
    _HEADER: "drop the line",
}

_COPY = """
copy {incoming} (_line, _reason, _text, {columns}) from stdin
(format csv, encoding 'UTF8', force_null (_reason, {columns}))
"""
_DROP_EQUAL = """
delete from {incoming} where ctid in (
    select ctid from (
        select ctid, row_number() over (partition by {columns} order by _line) as number
        from {incoming} where _reason is null
    ) as copies
    where number > 1
)
"""
# Of a key that comes with different values every row is bad: which is right, only the user can say.
_MARK_KEYS = """
update {incoming} as incoming set _reason = found.reason from (
    select _line, case
        when octet_length(concat({key})) > {most} then {long}
        when num_nulls({key}) > 0 then {empty}
        when count(*) over same > 1 then concat({doubled}, left(concat_ws(', ', {key}), 100),
            ') comes more than once with different values (lines ',
            array_to_string((array_agg(_line) over same)[1:5], ', '), ')')
        end as reason
    from {incoming} where _reason is null
    window same as (partition by {key}
        order by _line rows between unbounded preceding and unbounded following)
) as found
where found.reason is not null and found._line = incoming._line
"""
_EXAMINE = """
select min(_line), _reason, sum(count(*)) over ()
from {incoming} where _reason is not null
group by _reason order by 1 limit {examples}
"""
_KEEP = """
insert into raw._rejected_rows
    (batch_id, table_name, file_name, line_number, reason, raw_text)
select {batch}, {table}, {file}, _line, _reason, _text from {incoming} where _reason is not null;
delete from {incoming} where _reason is not null
"""


class Record(NamedTuple):
    """One record: the line that it begins in, its bytes without the line's end, what is wrong."""

    line: int
    body: bytes
    reason: str | None


def records(blocks: Generator[bytes], header: Header) -> Iterator[Record]:
    """Yield the records of a UTF-8 CSV that begins with its header; blank ones are left out.

    A good one has as many fields as the header and is not the header again, has quotes that open
    and close, and is UTF-8 without NUL.
    """
    ends = "" if header.carriage_returns else "\n"  # of lines: any, or LF (and CRLF)
    text = io.TextIOWrapper(stream_of(blocks), "latin-1", newline=ends)  # a letter, a byte
    text.readline()
    for line, body, reason in _split(text, header.skip_lines + 2):
        if reason or body.strip(b","):
            yield Record(line, body, reason or _wrong(body, header))


def _split(text: io.TextIOWrapper, number: int) -> Iterator[Record]:
    """Split lines, of which the first has this number, into records; reasons are of quotes."""
    again: deque[str] = deque()  # lines behind a record that was given up
    while line := again.popleft() if again else text.readline(LIMIT):
        lines, size, quotes = [line], len(line), line.count('"')
        while quotes % 2 and size < LIMIT:  # it goes on behind the line's end
            line = again.popleft() if again else text.readline(LIMIT)
            if not line:
                break
            lines.append(line)
            size += len(line)
            quotes += line.count('"')
        record = "".join(lines)
        found = _FIELDS.match(record)
        stop, reason, used = found.end() if found else 0, None, len(lines)
        is_cut = len(line) == LIMIT and not line.endswith(("\n", "\r"))
        if is_cut or record[stop:] not in {"", "\n", "\r\n", "\r"}:
            at, reason = _broken(record, stop)
            ends = itertools.accumulate(map(len, lines))
            used = 1 + next((index for index, end in enumerate(ends) if end > at), len(lines) - 1)
            if used > 1:
                reason += f" (line {number + used - 1})"
            again.extendleft(reversed(lines[used:]))
        body = "".join(lines[:used]).removesuffix("\n").removesuffix("\r")
        yield Record(number, body.encode("latin-1"), reason)
        number += used
        while is_cut and not again and line and not line.endswith(("\n", "\r")):
            line = text.readline(LIMIT)  # the rest of a line that is too long


def _broken(record: str, stop: int) -> tuple[int, str]:
    """Where a record is broken, of which the part before ``stop`` is right, and how."""
    unclosed = "a quote opens and is not closed"
    quote = record[stop : stop + 1] == '"'
    if quote and record[max(0, stop - 1) : stop] in {"", ",", "\n", "\r"}:
        return stop, unclosed
    fields = list(_QUOTED.finditer(record, 0, stop))
    for field in reversed(fields):  # no quote is trusted beyond the line in which it opened
        if "\n" in field.group() or "\r" in field.group():
            return field.start(), unclosed
    if stop == len(record):
        return stop, f"a line of more than {LIMIT >> 20} MB"
    if fields and fields[-1].end() == stop:
        return stop, "text after a closing quote"
    if quote:
        return stop, "a quote within a field that does not begin with one"
    return stop, "a carriage return outside of quotes"


def _wrong(body: bytes, header: Header) -> str | None:
    if b"\0" in body:
        return "a NUL byte"
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        return f"not UTF-8 (byte 0x{body[error.start]:02X})"
    fields = 1 + (_QUOTED.sub("", text) if '"' in text else text).count(",")
    if fields != len(header.names):
        return f"{fields} field{'s' if fields > 1 else ''} instead of {len(header.names)}"
    if header.names[0] in text and tuple(next(csv.reader(io.StringIO(text)))) == header.names:
        return _HEADER
    return None


def copy_records(cursor: Cursor, file: SourceFile, reader: Reader, rules: Rules) -> int:
    """COPY all records of a file into a new ``incoming``; return how many.

    Each has its line and its text, and a bad one its reason in the place of its fields. Where more
    are bad than may be, it stops.
    """
    create_table(cursor, INCOMING, ("_reason", "_text", *file.header()))
    run(cursor, "alter table {incoming} add _line bigint", incoming=INCOMING)

    def rows() -> Iterator[bytes]:
        bad, fields = 0, b"," * (len(file.header()) - 1)
        for line, body, reason in records(reader.text(), file.layout):
            if reason is None:
                yield b'%d,,"%b",%b\n' % (line, body.replace(b'"', b'""'), body)
                continue
            why = reason.replace("not UTF-8", f"not {file.encoding.upper()}")
            text = body.decode("utf-8", "backslashreplace").replace("\0", "\\x00")
            text = text.replace('"', '""')
            yield f'{line},"{why}","{text}",'.encode() + fields + b"\n"
            bad += 1
            if rules.too_many(bad):
                return

    return send(cursor, _COPY, rows(), incoming=INCOMING, columns=file.header())


def reject(cursor: Cursor, file: SourceFile, batch: Batch, read: int) -> int:
    """Move the bad ones of all ``read`` rows from ``incoming`` into the ledger; return how many.

    Raises LoaderError when more are bad than may be.
    """
    table, rules = file.table, batch.rules
    names = ", ".join(table.key)
    if table.key:
        run(cursor, _DROP_EQUAL, incoming=INCOMING, columns=file.header())
        run(
            cursor,
            _MARK_KEYS,
            incoming=INCOMING,
            key=table.key,
            most=sql.Literal(_KEY_BYTES),
            long=sql.Literal(f"a key ({names}) of more than {_KEY_BYTES:,} bytes"),
            empty=sql.Literal(f"empty key ({names})"),
            doubled=sql.Literal(f"the key ({names}) = ("),
        )
    run(cursor, _EXAMINE, incoming=INCOMING, examples=sql.Literal(_EXAMPLES))
    found = cursor.fetchall()
    count = int(found[0][2]) if found else 0
    if rules.too_many(count, read):
        line, reason, _ = found[0]
        if rules.max_rejects == "0":
            raise LoaderError(f"{file.name}, {_where(line, reason)}; {_remedy(file, reason)}.")
        reasons = "; ".join(_where(line, reason) for line, reason, _ in found)
        raise LoaderError(
            f"{file.name}: more rows are bad than --max-rejects {rules.max_rejects} allows:"
            f" {reasons}; fix the file and land it again."
        )
    if count:
        named = {"batch": batch.batch_id, "table": table.name, "file": file.name}
        parts = {name: sql.Literal(value) for name, value in named.items()}
        run(cursor, _KEEP, incoming=INCOMING, **parts)
    return count


def _remedy(file: SourceFile, reason: str) -> str:
    if reason.startswith("not "):
        return not_utf8(file.encoding).partition("; ")[2]
    for part, remedy in _REMEDIES.items():
        if part in reason:
            return remedy
    return "fix the file and land it again, or land its other rows with --max-rejects"


def _where(line: int, reason: str) -> str:
    """A reason behind its line, or the lines that it names."""
    text, named, lines = shown(reason, limit=0).rpartition(" (lines ")
    return f"lines {lines[:-1]}: {text}" if named else f"line {line}: {shown(reason, limit=0)}"


def show(
    batch: int | None = None, table: str | None = None, say: Callable[[str], None] = print
) -> None:
    """Print the rejected rows of a batch, of a raw table, or all. Raises LoaderError."""
    with connect() as link, link.cursor() as cursor:
        if not ledger.exists(cursor):
            raise LoaderError("nothing was landed here yet: olist land PATH.")
        cursor.execute(
            "select batch_id, file_name, partition,"
            " coalesce('partition ' || partition || ', offset ', 'line ') || line_number, reason,"
            " raw_text from raw._rejected_rows"
            " where (%(batch)s is null or batch_id = %(batch)s)"
            " and (%(table)s is null or table_name = %(table)s)"
            " order by batch_id, table_name, partition, line_number",
            {"batch": batch, "table": table},
        )
        partitions = set()
        for number, file, partition, where, reason, text in cursor:
            partitions.add(partition)
            say(f"batch {number}: {file}, {where}: {shown(reason, 0)}")
            say(f"    {shown(text, 120)}")
        say(f"{cursor.rowcount:,} rejected row{'' if cursor.rowcount == 1 else 's'}")
        if None in partitions:  # of a file
            say("put them, corrected, into a file of that name, and land it: olist land PATH")
        if partitions - {None}:
            say("send a right event with the same key to the topic")
