"""Hypothesis strategies for histories: any sequence of loads of a small marketplace.

Every load holds any rows of a few orders, customers, sellers and products, with any values. So
children arrive before their order or long after it, rows are corrected, vanish from a snapshot and
come back, loads repeat or are empty, and values that cannot be cast are among them.
"""

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from loaders.tables import BY_NAME

Row = tuple[str, ...]
Files = dict[str, list[Row]]


@dataclass(frozen=True)
class Load:
    """One load: the rows of the files that it has, in the order of their columns."""

    mode: Literal["delta", "snapshot"] = "delta"
    files: Files = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write the files, and no other, into the folder."""
        for file in folder.glob("*.csv"):
            file.unlink()
        for name, rows in self.files.items():
            table = BY_NAME[name]
            with (folder / table.file).open("w", encoding="utf-8", newline="") as stream:
                csv.writer(stream).writerows([table.columns, *rows])


# Orders do not touch each other, so each is a history of its own: many in one build are many cases.
_ORDERS = tuple(f"o{number}" for number in range(1, 17))
_CUSTOMERS = {order: order.replace("o", "c") for order in _ORDERS}
_moments = st.sampled_from(
    (
        "2017-12-25 10:00:00",
        "2018-01-15 23:59:59",
        "2018-01-16 00:00:00",
        "2018-03-01 08:30:00",
        "2031-01-01 00:00:00",  # after the calendar's end
        "2018-02-30 10:00:00",  # no day
        "",
    )
)
_amounts = st.sampled_from(("0.00", "10.00", "19.90", "1234.56", "abc", ""))
_counts = st.sampled_from(("1", "2", "12", "many"))
_zips = st.sampled_from(("01001", "20040", "99990", ""))
_cities = st.sampled_from(("sao paulo", "São Paulo", "rio de janeiro"))
_states = st.sampled_from(("SP", "RJ"))
_orders = st.sampled_from(_ORDERS)
_products = ("p1", "p2", "p3")
_sellers = ("s1", "s2", "s3")
_numbers = st.sampled_from(("1", "2"))
_sizes = st.sampled_from(("0", "500", "501", "30000", "heavy", ""))


def _rows(key: SearchStrategy[Row], *values: SearchStrategy[str]) -> SearchStrategy[list[Row]]:
    """Any rows with distinct keys."""
    rows = st.dictionaries(key, st.tuples(*values), max_size=24)
    return rows.map(lambda found: [(*key, *value) for key, value in found.items()])


def _of(*names: str) -> SearchStrategy[Row]:
    return st.sampled_from(names).map(lambda name: (name,))


_FILES: dict[str, SearchStrategy[list[Row]]] = {
    "customers": _rows(
        st.sampled_from(tuple(_CUSTOMERS.values())).map(lambda name: (name,)),
        st.sampled_from(tuple(f"u{number}" for number in range(1, 9))),
        _zips,
        _cities,
        _states,
    ),
    "geolocation": st.lists(
        st.tuples(
            _zips.filter(bool),
            st.sampled_from(("-23.5", "-22.9", "48.8", "north")),
            st.sampled_from(("-46.6", "-43.2")),
            _cities,
            _states,
        ),
        max_size=5,
    ),
    "order_items": _rows(
        st.tuples(_orders, _numbers),
        st.sampled_from((*_products, "p9")),
        st.sampled_from((*_sellers, "s9")),
        _moments,
        _amounts,
        _amounts,
    ),
    "order_payments": _rows(
        st.tuples(_orders, _numbers),
        st.sampled_from(("credit_card", "boleto", "pix", "")),
        _counts,
        _amounts,
    ),
    "order_reviews": _rows(
        st.tuples(st.sampled_from(("r1", "r2", "r3")), _orders),
        st.sampled_from(("1", "3", "4", "5", "good")),
        st.sampled_from(("", "Otimo")),
        st.sampled_from(("", "chegou", " \n ")),
        _moments,
        _moments,
    ),
    "orders": _rows(
        _orders.map(lambda name: (name, _CUSTOMERS[name])),
        st.sampled_from(("created", "shipped", "delivered", "canceled")),
        *([_moments] * 5),
    ),
    "products": _rows(
        _of(*_products),
        st.sampled_from(("bebes", "sem_traducao", "")),
        _counts,
        _counts,
        _counts,
        *([_sizes] * 4),
    ),
    "sellers": _rows(_of(*_sellers), _zips, _cities, _states),
    "product_category_name_translation": _rows(_of("bebes", "esporte"), st.just("baby")),
}

loads: SearchStrategy[Load] = st.builds(
    Load,
    mode=st.sampled_from(("delta", "snapshot")),
    files=st.fixed_dictionaries({}, optional=_FILES).filter(bool),
)
# One in four is landed again at once.
_loads_with_repeats = st.tuples(loads, st.sampled_from((1, 1, 1, 2)))
histories: SearchStrategy[list[Load]] = st.lists(_loads_with_repeats, min_size=2, max_size=5).map(
    lambda drawn: [load for load, times in drawn for _ in range(times)]
)

STATUS_CHANGES_FIVE_TIMES = [
    Load(files={"orders": [("o1", "c1", status, "2018-01-15 23:59:59", "", "", arrived, "")]})
    for status, arrived in (
        ("created", ""),
        ("approved", ""),
        ("invoiced", ""),
        ("shipped", ""),
        ("delivered", "2018-03-01 08:30:00"),
        ("canceled", "2018-03-01 08:30:00"),
    )
]
