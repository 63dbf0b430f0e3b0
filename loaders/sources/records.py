"""Read a CSV record by record, and go on after a broken one.

COPY stops at the first broken record, and cannot see an unclosed quote before the end of the file.
This reader is strict where COPY guesses: a quote opens at the start of a field and closes at its
end. Where that does not hold, the record is given up at the end of the line in which its quote
opened, and reading goes on with the next line.
"""

from collections import deque
from collections.abc import Iterator
from functools import partial
from typing import IO, NamedTuple

# No record is longer, and no more is held in memory: a quote that closes later is not closed.
LIMIT = 1 << 24
_BLOCK = 1 << 20
_BOM = b"\xef\xbb\xbf"

_STRAY = "a quote within a field that does not begin with one"
_AFTER = "text after a closing quote"
_OPEN = "a quote opens and is not closed"
_RETURN = "a carriage return outside of quotes"
_LONG = f"a line of more than {LIMIT >> 20} MB"


class Record(NamedTuple):
    """One record: the line that it begins in, its bytes without the line's end, what is wrong."""

    line: int
    body: bytes
    reason: str | None


class _Line(NamedTuple):
    """What the quotes of one line say: is one open at its end, did it open here, commas outside."""

    inside: bool
    opened: bool
    commas: int
    returns: bool
    reason: str | None


def records(stream: IO[bytes], fields: int, carriage_returns: bool = False) -> Iterator[Record]:
    """Yield the records of a UTF-8 CSV, its header too; blank lines are left out.

    A good one has ``fields`` fields, quotes that open and close, and is UTF-8 without NUL.
    ``carriage_returns`` says that a CR alone ends a line, as it did on old Macs.
    """
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
            if body:
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
    while block := stream.read(_BLOCK):
        # The last may go on in the next block, or end in a CR whose LF is there.
        *whole, rest = (rest + block).splitlines(keepends=True)
        yield from whole
        if len(rest) >= LIMIT:
            yield rest
            rest = b""
    if rest:
        yield rest
