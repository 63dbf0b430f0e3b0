"""Synthetic CSV files in the shape of the Olist data set, for trying and testing the project.

Nothing in them is copied from the real files: names and figures are public facts or rounded
aggregates, and every row is drawn from the seed.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from loaders.errors import LoaderError
from loaders.sample.facts import DATA, Ints, Plan
from loaders.sample.members import Members
from loaders.sample.noise import Noise
from loaders.sample.operations import Operations
from loaders.sample.orders import Orders
from loaders.sample.text import Columns, lines
from loaders.tables import BY_NAME

DEFAULT_SEED = 20161004
MIN_SCALE, MAX_SCALE = 0.001, 100.0
CHUNK_ROWS = 20_000  # rows in memory at a time; the files do not depend on it
_WITH_CRLF = ("order_reviews", "product_category_name_translation")
_WITH_BOM = ("product_category_name_translation",)


def generate(
    folder: Path, scale: float = 1.0, seed: int = DEFAULT_SEED, *, with_operations: bool = False
) -> dict[str, int]:
    """Write the nine CSV files into ``folder``; returns rows per file name.

    ``scale`` 1 gives as many rows as the real files have. ``with_operations`` adds the files of
    the optional tables, which follow the orders of the nine. Files appear under their names only
    when all of them are whole; raises LoaderError where that cannot be.
    """
    if not (math.isfinite(scale) and MIN_SCALE <= scale <= MAX_SCALE):
        raise LoaderError(
            f"The scale of the sample is {scale:g}, but must be between {MIN_SCALE:g} and "
            f"{MAX_SCALE:g}; 1 gives as many rows as the real files."
        )
    if seed < 0:
        raise LoaderError(f"The seed of the sample is {seed}, but must be 0 or more.")
    rows: dict[str, int] = {}
    with _whole(folder) as made:
        for name, columns in _made(Members(Noise(seed), Plan(scale)), with_operations):
            file, end = BY_NAME[name].file, "\r\n" if name in _WITH_CRLF else "\n"
            with (made / file).open("a", encoding="utf-8", newline="") as out:
                if file not in rows:
                    out.write("\ufeff" * (name in _WITH_BOM) + DATA["headers"][name] + end)
                out.write(lines(columns, end))
            rows[file] = rows.get(file, 0) + len(columns[0])
    return rows


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """A folder inside, whose files move to the folder when all of them are whole."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".sample-", dir=folder) as made:
            yield Path(made)
            for path in Path(made).iterdir():
                path.replace(folder / path.name)
    except OSError as error:
        taken = isinstance(error, FileExistsError | NotADirectoryError)
        reason = "a folder is needed where a file is" if taken else error.strerror or error
        raise LoaderError(
            f"Cannot write the sample to {folder}: {reason}. No half-written file is left there; "
            "fix that or give another folder with --out."
        ) from error


def _made(members: Members, with_operations: bool) -> Iterator[tuple[str, Columns]]:
    """Rows of the tables, some at a time."""
    noise, plan, operations = members.noise, members.plan, Operations(members)
    names, english = DATA["categories"]["name"], DATA["categories"]["english"]
    yield "product_category_name_translation", [names[english != ""], english[english != ""]]
    for rows in _chunks(plan.sellers):
        yield "sellers", members.seller_columns(rows)
    for rows in _chunks(plan.products):
        yield "products", members.product_columns(rows)
    for columns in members.points(CHUNK_ROWS):
        yield "geolocation", columns
    for rows in _chunks(plan.orders):
        shuffled = noise.shuffle("customer row", rows, plan.orders)
        yield "customers", Orders(members, shuffled).customer_columns()
        orders = Orders(members, rows)
        yield "orders", orders.order_columns()
        yield "order_items", orders.item_columns()
        yield "order_payments", orders.payment_columns()
        yield "order_reviews", orders.review_columns()
        if with_operations:
            operations.note(orders)
            yield "invoices", orders.invoice_columns()
    if with_operations:
        for columns in operations.inventory(CHUNK_ROWS):
            yield "inventory_transactions", columns
        yield "marketing_campaigns", operations.campaign_columns()


def _chunks(rows: int) -> Iterator[Ints]:
    for start in range(0, rows, CHUNK_ROWS):
        yield np.arange(start, min(rows, start + CHUNK_ROWS))
