"""Hypothesis strategies for histories: loads of a small marketplace, in which little changes.

A history begins with a whole marketplace. Each load after it has some files, whole, in which a few
rows have changed, gone, come or come back since the load before: all the others repeat.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from loaders.tables import BY_NAME, TABLES

Mode = Literal["delta", "snapshot"]
Row = tuple[str, ...]
Files = dict[str, list[Row]]
State = dict[str, dict[Row, Row]]  # of each table the values by key


@dataclass(frozen=True)
class Load:
    """One load: the rows of the files that it has, in the order of their columns."""

    mode: Mode = "delta"
    files: Files = field(default_factory=dict)
    builds: bool = True  # whether a build follows, or the next load comes before it
    weight_limit: int = 500  # of the seed of weight bands, when that build runs

    def write(self, folder: Path) -> None:
        """Write the files, and no other, into the folder."""
        for file in folder.glob("*.csv"):
            file.unlink()
        for name, rows in self.files.items():
            table = BY_NAME[name]
            with (folder / table.file).open("w", encoding="utf-8", newline="") as stream:
                csv.writer(stream).writerows([table.columns, *rows])


_ORDERS = tuple(f"o{number}" for number in range(1, 9))
_CUSTOMERS = tuple(f"c{number}" for number in range(1, 9))
_PEOPLE = tuple(f"u{number}" for number in range(1, 6))
_PRODUCTS = ("p1", "p2", "p3")
_SELLERS = ("s1", "s2", "s3")
_MOMENTS = (
    "2017-12-25 10:00:00",
    "2018-01-15 23:59:59",
    "2018-01-16 00:00:00",
    "2018-03-01 08:30:00",
    "2031-01-01 00:00:00",  # after the calendar's end
    "2018-02-30 10:00:00",  # no day
    "",
)
_AMOUNTS = ("0.00", "10.00", "19.90", "1234.56", "abc", "")
_COUNTS = ("1", "2", "12", "2.0", "2.5", "many")
_ZIPS = ("01001", "20040", "99990", "1001", "")  # one has lost its zero
_CITIES = ("sao paulo", "São Paulo", "rio de janeiro")
_STATES = ("SP", "RJ")
_SIZES = ("0", "500", "501", "30000", "heavy", "")
_CATEGORIES = ("bebes", "sem_traducao", "")
_STATUSES = ("created", "shipped", "delivered", "canceled")

# Of each table: what its keys may be (some with a blank at an end), and what each other column.
_TABLES: dict[str, tuple[tuple[tuple[str, ...], ...], tuple[tuple[str, ...], ...]]] = {
    "customers": (((*_CUSTOMERS, "c1 "),), ((*_PEOPLE, ""), _ZIPS, _CITIES, _STATES)),
    "order_items": (
        ((*_ORDERS, "o9"), ("1", "2")),
        ((*_PRODUCTS, "p9"), (*_SELLERS, "s9"), _MOMENTS, _AMOUNTS, _AMOUNTS),
    ),
    "order_payments": (
        ((*_ORDERS, "o9"), ("1", "2")),
        (("credit_card", "boleto", "pix", ""), _COUNTS, _AMOUNTS),
    ),
    "order_reviews": (
        (("r1", "r2"), (*_ORDERS, "o9")),
        (("1", "3", "5", "good"), ("", "Otimo"), ("", " \n "), _MOMENTS, _MOMENTS),
    ),
    "orders": (((*_ORDERS, " o1"),), ((*_CUSTOMERS, "c9"), _STATUSES, *[_MOMENTS] * 5)),
    "products": ((_PRODUCTS,), (_CATEGORIES, _COUNTS, _COUNTS, _COUNTS, *[_SIZES] * 4)),
    "sellers": (((*_SELLERS, "s1 "),), (_ZIPS, _CITIES, _STATES)),
    "product_category_name_translation": ((("bebes", "esporte"),), (("baby", "infants"),)),
}


def _base() -> State:
    """A whole marketplace, in which the first value of each column is the commonest."""
    state: State = {}
    for name, (keys, columns) in _TABLES.items():
        known = [key for key in keys[0] if key.strip() == key and key != "o9"]
        first: list[Row] = [(key, "1") if len(keys) == 2 else (key,) for key in known]
        if name == "order_reviews":
            first = [("r1", order) for order in _ORDERS]
        state[name] = {
            key: tuple(values[n // 3 % len(values)] for values in columns)
            for n, key in enumerate(first)
        }
    for table, values in (("customers", _PEOPLE), ("orders", _CUSTOMERS)):
        state[table] = {
            key: (values[n % len(values)], *row[1:])
            for n, (key, row) in enumerate(state[table].items())
        }
    return state


@st.composite
def _edit(draw: DrawFn, state: State) -> State:
    """The state with one row changed in one column, gone, new, or back as it was in the base."""

    def one(values: Iterable[Any]) -> Any:
        return draw(st.sampled_from(sorted(values)))

    name = one(_TABLES)
    keys, columns = _TABLES[name]
    rows = dict(state[name])
    key: Row = tuple(map(one, keys))
    kind = one(("change", "change", "remove", "add", "return", "rekey"))
    if kind == "add" or not rows:
        rows[key] = tuple(map(one, columns))
    elif kind == "return":
        gone = {key: row for key, row in _base()[name].items() if key not in rows}
        rows |= dict([one(gone.items())]) if gone else {}
    else:
        old = one(rows)
        row = rows.pop(old)
        if kind == "change":
            at = one(range(len(columns)))
            rows[old] = (*row[:at], one(columns[at]), *row[at + 1 :])
        elif kind == "rekey":  # a review to another order, say
            rows[key] = row
    return {**state, name: rows}


@st.composite
def histories(draw: DrawFn) -> list[Load]:
    """Loads of a marketplace, the first of all of it."""
    points: list[Row] = [
        ("01001", "-23.5", "-46.6", "sao paulo", "SP"),
        ("20040", "48.8", "-43.2", "x", "RJ"),
    ]
    state = _base()
    loads = [Load("snapshot", {**_rows(state), "geolocation": points})]
    for _ in range(draw(st.integers(1, 5))):
        for _ in range(draw(st.integers(0, 4))):
            state = draw(_edit(state))
        files = _rows(state)
        if draw(st.booleans()):  # as `olist land --table`
            names = draw(st.sets(st.sampled_from(sorted(_TABLES)), min_size=1))
            files = {name: files[name] for name in sorted(names)}
        if draw(st.integers(0, 4)) == 0:
            files["geolocation"] = points[: draw(st.integers(0, 2))]
        mode: Mode = draw(st.sampled_from(("snapshot", "snapshot", "delta")))
        limit = draw(st.sampled_from((500, 500, 600)))
        loads.append(Load(mode, files, draw(st.booleans()), limit))
    return loads


def _rows(state: State) -> Files:
    return {name: [(*key, *row) for key, row in rows.items()] for name, rows in state.items()}


EMPTY = Load("snapshot", {table.name: [] for table in TABLES})
