"""What the sample is made of: the tables of ``data/``, and how many rows a scale has of each kind.

The tables hold public facts and rounded aggregates; nothing is copied from the real files.
"""

import csv
import datetime
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

DAY = 86_400
_FOLDER = Path(__file__).parent / "data"


def _table(path: Path) -> dict[str, list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return {name: values for name, *values in zip(*csv.reader(file), strict=True)}


DATA: dict[str, Any] = tomllib.loads((_FOLDER / "parameters.toml").read_text("utf-8"))
DATA |= {path.stem: _table(path) for path in _FOLDER.glob("*.csv")}


def ints(values: Iterable[str | int]) -> Ints:
    """The values as an array of whole numbers."""
    return np.array([int(value) for value in values], np.int64)


def floats(table: str, *columns: str) -> Floats:
    """Columns of a table as the rows of a matrix."""
    return np.array([[float(value) for value in DATA[table][column]] for column in columns])


def days(dates: Iterable[str]) -> Ints:
    """Dates in ISO format as days since 1970."""
    epoch = datetime.date(1970, 1, 1).toordinal()
    return ints(datetime.date.fromisoformat(date).toordinal() - epoch for date in dates)


_DAYS = days(DATA["days"]["day"])  # of the usual orders
LAST_DAY = int(_DAYS[-1])
_MONTHS = ints(DATA["months"]["month"].index(day[:7]) for day in DATA["days"]["day"])


def months(day: Ints) -> Ints:
    """Number of the month of each day; days after the period count to the last month."""
    return np.asarray(_MONTHS[np.clip(day - _DAYS[0], 0, len(_MONTHS) - 1)], np.int64)


class Plan:
    """The counts of the real files, times a scale.

    Orders have *slots* along the table of kinds, so that each kind has an exact number of them:
    first those without items, at the end those of people whose one review serves several orders.
    """

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self.orders = self.times("orders")
        self.products, self.sellers = self.times("products", 150), self.times("sellers", 30)
        self.orders_each, shared = (ints(DATA["people"][n]) for n in ("orders_each", "shared"))
        self.people_each = self._scaled(DATA["people"]["people"], self.orders_each)
        self.people_each[-1] += self.orders - np.dot(self.people_each, self.orders_each)
        self.people, self.is_shared = int(self.people_each.sum()), shared > 0
        self.shared = int(np.sum(self.people_each * self.orders_each * shared))
        kinds = ints(self.times(int(count)) for count in DATA["kinds"]["orders"])
        kinds[-2:] = 0, self.shared
        kinds[-2] = self.orders - kinds.sum()
        self.kind_ends = np.cumsum(kinds)
        self.without_items = int(kinds[ints(DATA["kinds"]["items"]) == 0].sum())
        self.late_season, self.unpaid = self.times("late_season"), self.times("unpaid")
        self.undefined = min(self.times("undefined_payments"), self.late_season)
        self.paid = self.orders - self.unpaid - self.undefined

    def times(self, count: int | str, least: int = 1, *, capped: bool = False) -> int:
        """A count at this scale; ``capped`` ones do not grow beyond the real one."""
        number: int = DATA["rows"][count] if isinstance(count, str) else count
        return max(least, int(number * (min(self.scale, 1.0) if capped else self.scale) + 0.5))

    def _scaled(self, counts: Iterable[str | int], sizes: Ints) -> Ints:
        """Counts of groups; large groups may be left out at small scales."""
        pairs = zip(ints(counts).tolist(), sizes, strict=True)
        return ints(self.times(count, int(size < 4)) for count, size in pairs)  # noqa: PLR2004

    def children(self, name: str, rank: Ints) -> tuple[Ints, int]:
        """How many children orders of these ranks have, and the ranks that do not have one."""
        sizes, counts = np.array(DATA["children"][name]).T
        ends = np.cumsum(self._scaled(counts, sizes))
        return np.append(sizes, 1)[np.searchsorted(ends, rank, side="right")], int(ends[-1])
