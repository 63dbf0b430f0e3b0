"""What sellers, products and people were like as of each batch: from ``raw``, in Python.

An oracle for the histories of schema marts, which say the same in SQL.
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from warehouse import Records, Warehouse

Attributes = tuple[Any, ...]
State = dict[str, tuple[Attributes, bool]]  # of each member the attributes, and whether it has gone
Version = dict[str, Any]


def as_of(built: Warehouse, batch: int) -> dict[str, State]:
    """The members of each history as of a batch that has been built (what fixed a value counts)."""
    return {
        "dim_sellers": _rows(_versions(built, "sellers"), "seller_id", batch, _address("seller")),
        "dim_products": _rows(_versions(built, "products"), "product_id", batch, _product),
        "dim_customers": _people(_versions(built, "customers"), _versions(built, "orders"), batch),
    }


def _versions(built: Warehouse, table: str) -> Records:
    return built.records(
        f"select * from raw.{table} where _batch_id <= (select batch_id from staging._pin)"
        " order by _batch_id"
    )


def _rows(
    versions: Records, key: str, batch: int, attributes: Callable[[Version, Records], Attributes]
) -> State:
    """As of a batch: of each row the version known last, and whether it has gone."""
    state: State = {}
    for version in versions:
        if version["_batch_id"] <= batch:
            until = version["_until_batch_id"]
            later = [row for row in versions if row[key] == version[key]]
            later = [row for row in later if row["_batch_id"] >= version["_batch_id"]]
            gone = until is not None and until <= batch
            state[version[key]] = (attributes(version, later), gone)
    return state


def _people(customers: Records, orders: Records, newest: int) -> State:
    people: State = {}
    for batch in range(1, newest + 1):
        found: dict[str, list[tuple[Any, ...]]] = {}
        for version, gone, address in _customers(customers, batch):
            named = [
                order
                for order in orders
                if order["customer_id"] == version["customer_id"]
                and order["_batch_id"] <= batch
                and (order["_until_batch_id"] is None or order["_until_batch_id"] > batch)
            ]
            for order in named or [{}]:
                moment = _moment(order.get("order_purchase_timestamp"))
                rank = (not gone, moment or datetime.min, order.get("order_id") or "")
                found.setdefault(_text(version["customer_unique_id"]), []).append(
                    ((*rank, version["customer_id"]), address, gone)
                )
        best = {name: max(ranked) for name, ranked in found.items()}
        people = {name: (attributes, True) for name, (attributes, _) in people.items()}
        people |= {name: (address, gone) for name, (_, address, gone) in best.items()}
    return people


def _customers(customers: Records, batch: int) -> Iterator[tuple[Version, bool, Attributes]]:
    known = {row["customer_id"]: row for row in customers if row["_batch_id"] <= batch}
    addresses = _rows(customers, "customer_id", batch, _address("customer"))
    for name, row in known.items():
        if _text(row["customer_unique_id"]):
            address, gone = addresses[name]
            yield row, gone, address


def _address(of: str) -> Callable[[Version, Records], Attributes]:
    def attributes(version: Version, later: Records) -> Attributes:
        zip_code = _fixed(f"{of}_zip_code_prefix", later, r"\d{5}")
        rest = (_text(version[f"{of}_{name}"]) for name in ("city", "state"))
        return tuple(value or "unknown" for value in (zip_code, *rest))

    return attributes


def _product(version: Version, later: Records) -> Attributes:
    def number(name: str) -> int | None:
        text = _fixed(f"product_{name}", later, r"[+-]?\d+(\.0+)?")
        return int(float(text)) if text else None

    sides = [number(f"{side}_cm") for side in ("length", "height", "width")]
    volume = 1
    for side in sides:
        volume *= side or 0
    category = _text(version["product_category_name"]) or "unknown"
    return (
        category,
        number("photos_qty"),
        number("weight_g"),
        None if None in sides else volume,
    )


def _fixed(column: str, later: Records, form: str) -> str | None:
    """The first value from a version on that is of its form, or empty."""
    texts = [_text(row[column]) for row in later]
    return next((text for text in texts if not text or re.fullmatch(form, text, re.ASCII)), None)


def _text(value: str | None) -> str:
    return (value or "").strip(" \t\r\n")


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(_text(text))
    except ValueError:
        return None
