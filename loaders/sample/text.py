"""CSV text by the array: a column is a matrix of UTF-8 bytes in which byte 0 means "nothing"."""

import datetime
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from loaders.sample.noise import Noise
from loaders.sample.parameters import DAY, Flags, Ints, day_number

Cells = npt.NDArray[np.uint8]
Columns = dict[str, Cells]  # by the name in the header

_HEX = np.frombuffer(bytes(range(256)).hex().encode(), np.uint8).reshape(256, 2)


def quoted(value: str) -> str:
    """The value as a CSV writer would put it: quoted only where it must be."""
    escaped = value.replace('"', '""')
    return f'"{escaped}"' if any(character in value for character in ',"\r\n') else value


def lookup(values: Iterable[str]) -> Cells:
    """A table of strings, padded with nothing."""
    encoded = [value.encode() for value in values]
    width = max(1, *(len(value) for value in encoded))
    padded = b"".join(value.ljust(width, b"\0") for value in encoded)
    return np.frombuffer(padded, np.uint8).reshape(len(encoded), width)


def cells(table: Cells, index: Ints) -> Cells:
    """Rows of a table of strings."""
    return np.asarray(table[index], np.uint8)


def _same(value: str, rows: int) -> Cells:
    return np.broadcast_to(np.frombuffer(value.encode(), np.uint8), (rows, len(value.encode())))


def _sign(values: Ints) -> Cells:
    return np.where(values < 0, np.uint8(ord("-")), np.uint8(0))[:, None]


def digits(values: Ints, width: int, keep: int = 1) -> Cells:
    """Whole numbers without leading zeros, except that the last ``keep`` digits always stand."""
    filled = np.empty((len(values), width), np.uint8)
    rest = np.abs(values)
    for column in range(width - 1, -1, -1):
        tens = rest // 10
        filled[:, column] = (rest - tens * 10).astype(np.uint8) + np.uint8(ord("0"))
        if width - column > keep:
            filled[:, column][rest == 0] = 0
        rest = tens
    return np.hstack([_sign(values), filled]) if (values < 0).any() else filled


_FIRST_DATE = "2016-01-01"
_DATES = lookup(
    str(datetime.date.fromisoformat(_FIRST_DATE) + datetime.timedelta(day)) for day in range(2_192)
)
_TIMES = lookup(f" {s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}" for s in range(DAY))


def date(day: Ints) -> Cells:
    """Days since 1970 as ``YYYY-MM-DD``."""
    return cells(_DATES, day - day_number(_FIRST_DATE))


def moment(seconds: Ints, missing: Flags | None = None) -> Cells:
    """Seconds since 1970 as ``YYYY-MM-DD HH:MM:SS``; nothing where ``missing``."""
    day = seconds // DAY
    whole = np.hstack([date(day), _TIMES[seconds - day * DAY]])
    return whole if missing is None else blank(whole, missing)


def money(cents: Ints, width: int = 6) -> Cells:
    """Cents as reais with two decimals."""
    return np.hstack(
        [digits(cents // 100, width), _same(".", len(cents)), digits(cents % 100, 2, 2)]
    )


def degrees(units: Ints) -> Cells:
    """Units of 1e-15 degree with all their decimals."""
    size, dot = np.abs(units), _same(".", len(units))
    return np.hstack([_sign(units), digits(size // 10**15, 2), dot, digits(size % 10**15, 15, 15)])


def identifier(noise: Noise, kind: str, index: Ints) -> Cells:
    """32 hexadecimal digits; different indexes of one kind never share them."""
    words = np.stack([noise.bits(f"{kind} id", index), noise.bits(f"{kind} id tail", index)], 1)
    return _HEX[words.astype(">u8").view(np.uint8)].reshape(len(index), 32)


def blank(values: Cells, missing: Flags) -> Cells:
    """The values with nothing where ``missing``."""
    return np.where(missing[:, None], np.uint8(0), values)


def lines(columns: Iterable[Cells], end: str) -> bytes:
    """The columns as CSV lines."""
    parts = [part for column in columns for part in (column, _same(",", len(column)))]
    parts[-1] = _same(end, len(parts[0]))
    flat: Cells = np.concatenate(parts, axis=1).reshape(-1)
    return bytes(flat[flat != 0].tobytes())
