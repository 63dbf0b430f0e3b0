"""The nine files after a change: one order of a hundred, and all rows that belong to it."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

from loaders.tables import BY_NAME

SHARE = 100
Row = dict[str, str]


def change(data: Path, out: Path) -> int:
    """Write the changed files into ``out``; return how many rows differ.

    Every hundredth order by its place in the file is changed, always in the same way: its status,
    the prices and payments, the scores, and where it was delivered.
    """
    out.mkdir(parents=True)
    orders: set[str] = set()
    customers: set[str] = set()

    def order(number: int, row: Row) -> bool:
        if number % SHARE:
            return False
        orders.add(row["order_id"])
        customers.add(row["customer_id"])
        return _set(row, "order_status", "canceled", "unavailable")

    def of_order(column: str, *values: str) -> Callable[[int, Row], bool]:
        return lambda _, row: row["order_id"] in orders and _set(row, column, *values)

    def customer(_: int, row: Row) -> bool:
        return row["customer_id"] in customers and _set(
            row, "customer_city", "sao paulo", "rio de janeiro"
        )

    changes = {
        "orders": order,
        "order_items": of_order("price", "99.90", "89.90"),
        "order_payments": of_order("payment_value", "99.90", "89.90"),
        "order_reviews": of_order("review_score", "1", "5"),
        "customers": customer,
    }
    for file in data.iterdir():
        if file.name not in {BY_NAME[name].file for name in changes}:
            shutil.copyfile(file, out / file.name)
    return sum(_write(data, out, BY_NAME[name].file, does) for name, does in changes.items())


def _set(row: Row, column: str, value: str, other: str) -> bool:
    row[column] = other if row[column] == value else value
    return True


def _write(data: Path, out: Path, file: str, does: Callable[[int, Row], bool]) -> int:
    changed = 0
    with (
        (data / file).open(encoding="utf-8-sig", newline="") as before,
        (out / file).open("w", encoding="utf-8", newline="") as after,
    ):
        rows = csv.DictReader(before)
        writer = csv.DictWriter(after, rows.fieldnames or (), lineterminator="\n")
        writer.writeheader()
        for number, row in enumerate(rows):
            changed += does(number, row)
            writer.writerow(row)
    return changed
