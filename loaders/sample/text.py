"""Columns of CSV files: whole numbers, or strings as they stand in the file."""

import datetime
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from loaders.sample.facts import DAY, EPOCH, Flags, Ints

Text = npt.NDArray[np.object_]
Columns = list[Text | Ints]


def texts(values: Iterable[str]) -> Text:
    """An array of strings."""
    return np.array(list(values), np.object_)


def quoted(value: str) -> str:
    """The value as a CSV writer puts it: quoted only where it must be."""
    special = any(character in value for character in ',"\r\n')
    return '"' + value.replace('"', '""') + '"' if special else value


def _as_text(values: Text | Ints) -> Text:
    return texts(map(str, values.tolist())) if values.dtype == np.int64 else values.astype(object)


def blank(values: Text | Ints, missing: Flags) -> Text:
    """The values with nothing where ``missing``."""
    return np.where(missing, "", _as_text(values))


_DATES = texts(str(EPOCH + datetime.timedelta(day)) for day in range(18_628))
_TIMES = texts(f" {s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}" for s in range(DAY))


def moments(seconds: Ints) -> Text:
    """Seconds since 1970 as ``YYYY-MM-DD HH:MM:SS``."""
    return np.asarray(_DATES[seconds // DAY] + _TIMES[seconds % DAY], np.object_)


def decimals(units: Ints, digits: int = 2) -> Text:
    """Units of the last of so many decimal digits."""
    return texts(map(f"%.{digits}f".__mod__, (units / 10**digits).tolist()))


def lines(columns: Columns, end: str) -> str:
    """The columns as lines of CSV."""
    rows = zip(*(_as_text(column).tolist() for column in columns), strict=True)
    return "".join([",".join(row) + end for row in rows])
