"""Loads that make faults visible: what the warehouse was built from, and what came since.

The base is the small synthetic data set with the edges that rules are about (a delivery on the
promised day, a weight on the border of a band, equal review times, white space, days outside the
calendar), so that a mutant which moves an edge moves a row. ``scenario.yml`` has them. The optional
tables are there from the first load on.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from loaders.sample import generate
from loaders.tables import BY_NAME
from tests import frames
from tests.frames import Files

CUT = "2018-01-01"
CHILDREN = ("order_items", "order_payments", "order_reviews")
Load = tuple[Path, str]


def write(folder: Path, scale: float) -> tuple[list[Load], list[Load]]:
    """Write the CSV files; return the loads before the clean build and those after it.

    A load is a folder and the mode to land it in. ``scale`` is that of ``olist sample``.
    """
    plan = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))
    generate(folder / "base", scale, with_operations=True)
    for name, rows in plan["others"].items():
        table = pd.DataFrame(rows[1:], columns=rows[0])
        table.to_csv(folder / "base" / BY_NAME[name].file, index=False)
    whole = _with_edges(frames.read(folder / "base", BY_NAME), plan)
    later = {name: rows.copy() for name, rows in whole.items()}
    for table, first, step, column, value in plan["corrections"]:
        later[table].loc[first::step, column] = value
    latest = {}
    for table, first, last, column, value in plan["latest"]:
        latest[table] = later[table].loc[first:last].assign(**{column: value})
    loads: list[Load] = []
    for files, mode in (
        (_early(whole), "delta"),
        ({name: whole[name] for name in (*CHILDREN, "products")}, "delta"),
        (_reduced(later, plan["gone"]), "snapshot"),
        (latest, "delta"),
    ):
        path = folder / f"load_{len(loads)}"
        path.mkdir(parents=True)
        frames.write(files, path)
        loads.append((path, mode))
    return loads[:2], loads[2:]


def _with_edges(files: Files, plan: dict[str, Any]) -> Files:
    def put(table: str, column: str, first: int, values: Sequence[str]) -> None:
        rows = files[table]
        rows.loc[rows.index[first : first + len(values)], column] = list(values)

    orders, order = files["orders"], files["order_reviews"]["order_id"].copy()
    promised = orders["order_estimated_delivery_date"].str.slice(0, 10)
    delivered = orders.index[orders["order_status"] == "delivered"]
    for row, clock in zip(delivered, plan["on_the_promised_day"], strict=False):
        orders.loc[row, "order_delivered_customer_date"] = f"{promised[row]} {clock}"
    for edge in plan["edges"]:
        put(*edge)
    for number, (answers, creations) in enumerate(plan["reviews"]):
        for column, values in (
            ("order_id", [order[2 * number]] * 2),
            ("review_answer_timestamp", answers),
            ("review_creation_date", creations),
            ("review_score", [str(number % 5 + 1), str((number + 2) % 5 + 1)]),
        ):
            put("order_reviews", column, 2 * number, values)
    more = pd.DataFrame(plan["points"], columns=files["geolocation"].columns)
    files["geolocation"] = pd.concat([files["geolocation"], more], ignore_index=True)
    return files


def _early(whole: Files) -> Files:
    """Old orders without the lines of every third, and half of the rest.

    Some customers are here before their order, so that an order alone can change what it brings.
    """
    old = whole["orders"][whole["orders"]["order_purchase_timestamp"] < CUT]
    ids = set(old["order_id"])
    of_old = {name: whole[name][whole[name]["order_id"].isin(ids)] for name in CHILDREN}
    items, customers = of_old["order_items"], whole["customers"]
    early = {*old["customer_id"][::2], *customers["customer_id"][::4]}
    return {
        **whole,
        **of_old,
        "orders": old,
        "order_items": items[~items["order_id"].isin(set(old["order_id"][::3]))],
        "customers": customers[customers["customer_id"].isin(early)],
        "products": whole["products"][::2],
        "sellers": whole["sellers"][::2],
    }


def _reduced(whole: Files, every_nth: dict[str, int]) -> Files:
    """A whole export without some orders with all that is theirs, and without some other rows."""
    gone = set(whole["orders"]["order_id"][30::13])
    left = {
        name: rows[~rows["order_id"].isin(gone)] if "order_id" in rows else rows
        for name, rows in whole.items()
    }
    for name, every in every_nth.items():
        left[name] = left[name].drop(left[name].index[every - 1 :: every])
    return left
