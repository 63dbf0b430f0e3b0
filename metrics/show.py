"""What ``olist mf query`` and ``olist metrics`` print."""

import csv
from datetime import datetime
from decimal import Decimal
from typing import Any, TextIO

from tabulate import tabulate

from metrics import dimensions, metrics, query, saved_queries, sql


def show(
    question: dict[str, Any], file: TextIO | None, decimals: int | None, *, explain: bool
) -> None:
    """Print the answer of a question as a table or as CSV, or its SQL.

    Without ``decimals`` money has two in the table, and what else is no whole number four.
    """
    if explain:
        print(sql(**question))
        return
    answer = query(**question)
    if file is not None:
        csv.writer(file, lineterminator="\n").writerows([answer.columns, *answer.rows])
        return
    usual = {item.name: 2 for item in metrics() if item.unit in {"BRL", "USD"}}
    digits = [usual.get(name, 4) if decimals is None else decimals for name in answer.columns]
    rows = [[*map(_shown, row, digits)] for row in answer.rows]
    print(tabulate(rows, answer.columns, disable_numparse=True))
    print(f"\nData as of batch {answer.newest['built_batch_id']}.")


def list_items(names: tuple[str, ...]) -> None:
    """Print the metrics and the saved queries, or what the metrics named can be grouped by."""
    for item in dimensions(*names) if names else [*metrics(), *saved_queries()]:
        print(f"{item.name:<38}  {item.unit:<12}  {item.label}: {item.description}")


def _shown(value: Any, decimals: int) -> Any:
    if isinstance(value, datetime):
        return value.date()
    return round(value, decimals) if isinstance(value, float | Decimal) else value
