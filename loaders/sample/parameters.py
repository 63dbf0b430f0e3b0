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
Table = dict[str, list[str]]

DAY = 86_400
_FOLDER = Path(__file__).parent / "data"
_EPOCH = datetime.date(1970, 1, 1)


def _table(name: str) -> Table:
    with (_FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {column: [row[column] for row in rows] for column in rows[0]}


def ints(values: Iterable[str | int | bool]) -> Ints:
    """The values as an array of whole numbers."""
    return np.array([int(value) for value in values], np.int64)


def floats(table: Table, *columns: str) -> Floats:
    """Columns of a table as the rows of a matrix."""
    return np.array([[float(value) for value in table[column]] for column in columns])


def day_number(text: str) -> int:
    """Days since 1970 of a date in ISO format."""
    return (datetime.date.fromisoformat(text) - _EPOCH).days


PARAMETERS: dict[str, Any] = tomllib.loads((_FOLDER / "parameters.toml").read_text("utf-8"))
ROWS: dict[str, int] = PARAMETERS["rows"]
STATES, PLACES, CATEGORIES = _table("states"), _table("places"), _table("categories")
MONTHS, DAYS, KINDS, PHRASES, CHANNELS = map(
    _table, ("months", "days", "kinds", "phrases", "channels")
)
FIRST_DAY, LAST_DAY = day_number(DAYS["day"][0]), day_number(DAYS["day"][-1])
_MONTH_OF_DAY = ints(MONTHS["month"].index(day[:7]) for day in DAYS["day"])


def months(day: Ints) -> Ints:
    """Number of the month of each day; days after the period count to the last month."""
    known: Ints = np.clip(day - FIRST_DAY, 0, len(_MONTH_OF_DAY) - 1)
    return _MONTH_OF_DAY[known]


class Plan:
    """The counts of the real files, times a scale.

    Orders have *slots* along the table of kinds, so that each kind has an exact number of them:
    first those without items, at the end those of people whose one review serves several orders.
    """

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self.orders, self.late_season = self.times("orders"), self.times("late_season")
        self.products = max(self.times("products"), 150)
        self.sellers = max(self.times("sellers"), 30)
        people = PARAMETERS["repeaters"]
        several = [
            self.times(count, least=each <= 3)
            for each, count in zip(people["orders"], people["people"], strict=True)
        ]
        self.orders_each = ints([1, *people["orders"], 1])
        self.is_shared: Flags = ints([0, *people["shared"], 0]) > 0
        rest = self.orders - self.late_season - int(np.dot(people["orders"], several))
        self.people_each = ints([self.late_season, *several, rest])  # along orders_each
        self.people = int(self.people_each.sum())
        self.shared = int((self.people_each * self.orders_each)[self.is_shared].sum())
        counts = ints(self.times(int(count)) for count in KINDS["orders"])
        counts[-2:] = 0, self.shared
        counts[-2] = self.orders - counts.sum()
        self.kind_edges = np.cumsum(counts)
        self.without_items = int(counts[ints(KINDS["items"]) == 0].sum())
        self.unpaid = self.times("unpaid")  # these come next
        self.undefined = min(self.times("undefined_payments"), self.late_season)
        self.paid = self.orders - self.unpaid - self.undefined
        self.blind_customers = self.times("customers_without_point")
        blind = self.times("customer_zips_without_point", capped=True)
        self.blind_customer_zips = min(blind, self.blind_customers)
        self.blind_seller_zips = self.times("seller_zips_without_point", capped=True)

    def times(self, count: int | str, *, least: int = 1, capped: bool = False) -> int:
        """A count at this scale; ``capped`` ones do not grow beyond the real one."""
        scale = min(self.scale, 1.0) if capped else self.scale
        number = ROWS[count] if isinstance(count, str) else count
        return max(least, int(number * scale + 0.5))

    def children(self, name: str, orders: int) -> tuple[Ints, Ints]:
        """Edges along the ranks of so many orders, and how many children those between have."""
        pairs = PARAMETERS["children"][name]
        counts = [self.times(count, least=size <= 3) for size, count in pairs]
        edges = np.cumsum([*counts, orders - sum(counts)]).astype(np.int64)
        return edges, ints([*(size for size, _ in pairs), 1])
