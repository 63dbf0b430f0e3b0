"""CSV text by the array: a column is a matrix of UTF-8 bytes in which byte 0 means "nothing"."""

import datetime
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from loaders.sample.noise import Flags, Ints, Noise

Cells = npt.NDArray[np.uint8]

DAY = 86_400
_FIRST_DAY = datetime.date(2016, 1, 1)
_DAYS = 2_192  # until the end of 2021
_HEX = np.frombuffer(b"".join(b"%02x" % value for value in range(256)), np.uint8).reshape(256, 2)
_ZERO = np.uint8(ord("0"))


def quoted(value: str) -> str:
    """The value as a CSV writer would put it: quoted only where it must be."""
    if any(character in value for character in ',"\r\n'):
        return '"' + value.replace('"', '""') + '"'
    return value


def lookup(values: Iterable[str]) -> Cells:
    """A table of strings, padded with nothing."""
    encoded = [value.encode() for value in values]
    width = max(1, *(len(value) for value in encoded))
    return np.frombuffer(b"".join(v.ljust(width, b"\0") for v in encoded), np.uint8).reshape(
        len(encoded), width
    )


_DATES = lookup((_FIRST_DAY + datetime.timedelta(days=n)).isoformat() for n in range(_DAYS))
_EPOCH_SHIFT = (_FIRST_DAY - datetime.date(1970, 1, 1)).days


def same(value: str, rows: int) -> Cells:
    """The same text in every row."""
    return np.broadcast_to(np.frombuffer(value.encode(), np.uint8), (rows, len(value.encode())))


def digits(values: Ints, width: int, keep: int = 1) -> Cells:
    """Whole numbers without leading zeros, except that the last ``keep`` digits always stand."""
    cells = np.empty((len(values), width), np.uint8)
    rest = values
    for column in range(width - 1, -1, -1):
        tens = rest // 10
        cells[:, column] = (rest - tens * 10).astype(np.uint8) + _ZERO
        if width - column > keep:
            cells[:, column][rest == 0] = 0
        rest = tens
    return cells


def _times() -> Cells:
    second: Ints = np.arange(DAY, dtype=np.int64)
    parts = [digits(part, 2, 2) for part in (second // 3600, second // 60 % 60, second % 60)]
    hours, minutes, seconds = parts
    blank_column, colon = same(" ", DAY), same(":", DAY)
    return np.hstack([blank_column, hours, colon, minutes, colon, seconds])


_TIMES: Cells = _times()


def money(cents: Ints) -> Cells:
    """Cents as reais with two decimals."""
    return np.hstack([digits(cents // 100, 6), same(".", len(cents)), digits(cents % 100, 2, 2)])


def degrees(units: Ints, short: Flags) -> Cells:
    """Units of 1e-15 degree with all their decimals, or with six of them."""
    size = np.abs(units)
    sign = np.where(units < 0, np.uint8(ord("-")), np.uint8(0))[:, None]
    decimals = digits(size % 10**15, 15, 15)
    decimals[short, 6:] = 0
    return np.hstack([sign, digits(size // 10**15, 2), same(".", len(units)), decimals])


def moment(seconds: Ints, missing: Flags | None = None) -> Cells:
    """Seconds since 1970 as ``YYYY-MM-DD HH:MM:SS``; nothing where ``missing``."""
    day = seconds // DAY
    cells = np.hstack([_DATES[day - _EPOCH_SHIFT], _TIMES[seconds - day * DAY]])
    return cells if missing is None else blank(cells, missing)


def identifier(noise: Noise, kind: str, index: Ints) -> Cells:
    """32 hexadecimal digits; different indexes of one kind never share them."""
    words = np.stack([noise.bits(f"{kind} id", index), noise.bits(f"{kind} id tail", index)], 1)
    return _HEX[words.astype(">u8").view(np.uint8)].reshape(len(index), 32)


def blank(cells: Cells, missing: Flags) -> Cells:
    """The cells with nothing where ``missing``."""
    cells = cells.copy()
    cells[missing] = 0
    return cells


def lines(columns: Sequence[Cells], end: str = "\n") -> bytes:
    """The columns as CSV lines."""
    rows = len(columns[0])
    parts: list[Cells] = []
    for column in columns:
        parts += [column, same(",", rows)]
    parts[-1] = same(end, rows)
    flat: Cells = np.concatenate(parts, axis=1).reshape(-1)
    return bytes(flat[flat != 0].tobytes())
