"""What the sample is made of: the tables of ``tables/``, and how many rows a scale has of each."""

import csv
import datetime
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

DAY, EPOCH = 86_400, datetime.date(1970, 1, 1)
_RARE = 3  # groups of more than this may be missing at small scales


def _array(values: list[Any]) -> Any:
    """An array of numbers, of days since 1970, or of text."""
    if not isinstance(values[0], str):
        return np.array(values)
    for read in (int, float, lambda text: (datetime.date.fromisoformat(text) - EPOCH).days):
        with suppress(ValueError):
            return np.array([read(value) for value in values])
    return np.array(values, np.object_)


# By name of the file or section and of the column or entry; lists are arrays.
_FOLDER = Path(__file__).parent / "tables"
DATA: dict[str, dict[str, Any]] = {
    section: {
        n: _array(value) if isinstance(value, list) else value for n, value in entries.items()
    }
    for section, entries in tomllib.loads((_FOLDER / "parameters.toml").read_text("utf-8")).items()
}
for _path in _FOLDER.glob("*.csv"):
    _columns = zip(*csv.reader(_path.read_text("utf-8").splitlines()), strict=True)
    DATA[_path.stem] = {name: _array(values) for name, *values in _columns}
LAST_DAY = int(DATA["days"]["day"][-1])  # of the usual orders


def months(day: Ints) -> Ints:
    """Number of the month of each day; days beyond the period are in its first or last month."""
    return np.maximum(np.searchsorted(DATA["months"]["month"], day, side="right") - 1, 0)


class Plan:
    """The counts of the real files, times a scale.

    Orders have *slots* along the table of kinds, so that each kind has an exact number of them:
    first those without items, at the end those of customers whose one review serves several orders.
    """

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self.orders = self.times("orders")
        self.products = int(self.scaled(DATA["categories"]["products"]).sum())
        self.sellers = self.times("sellers", 30)
        self.orders_each, shared = DATA["customers"]["orders_each"], DATA["customers"]["shared"]
        self.customer_counts = self.scaled(DATA["customers"]["customers"], self.orders_each > _RARE)
        self.customer_counts[-1] += self.orders - np.dot(self.customer_counts, self.orders_each)
        self.customers, self.is_shared = int(self.customer_counts.sum()), shared > 0
        self.shared = int(np.sum(self.customer_counts * self.orders_each * shared))
        kinds = self.scaled(DATA["kinds"]["orders"])
        kinds[-2:] = 0, self.shared
        kinds[-2] = self.orders - kinds.sum()
        self.kind_ends = np.cumsum(kinds)
        self.without_items = int(kinds[DATA["kinds"]["items"] == 0].sum())
        self.late_season, self.unpaid = self.times("late_season"), self.times("unpaid")
        self.undefined = min(self.times("undefined_payments"), self.late_season)
        self.paid = self.orders - self.unpaid - self.undefined

    def times(self, name: str, least: int = 1, *, capped: bool = False) -> int:
        """A count of rows at this scale; ``capped`` ones do not grow beyond the real one."""
        return max(least, int(self.scaled(DATA["rows"][name], capped=capped)))

    def scaled(self, counts: Ints, rare: Flags | bool = False, *, capped: bool = False) -> Ints:
        """Counts at this scale, which may be 0 where they are of something rare."""
        least, scale = 1 - np.asarray(rare), min(self.scale, 1.0) if capped else self.scale
        return np.asarray(np.maximum(least, np.floor(counts * scale + 0.5)), np.int64)

    def children(self, name: str, rank: Ints) -> tuple[Ints, int]:
        """How many children orders of these ranks have, and the ranks that do not have one."""
        sizes, counts = DATA["children"][name].T
        ends = np.cumsum(self.scaled(counts, sizes > _RARE))
        return np.append(sizes, 1)[np.searchsorted(ends, rank, side="right")], int(ends[-1])
