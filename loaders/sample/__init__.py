"""Synthetic CSV files in the shape of the Olist data set, for trying and testing the project.

Nothing in them is copied from the real files: names and figures are public facts or rounded
aggregates, and every row is drawn from the seed.
"""

import math
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from loaders.errors import LoaderError
from loaders.sample.catalog import Catalog, translation_columns
from loaders.sample.geography import Geography, points
from loaders.sample.noise import Noise
from loaders.sample.operations import Operations
from loaders.sample.orders import Orders, Shop, Visits
from loaders.sample.parameters import Ints, Plan
from loaders.sample.reviews import review_columns
from loaders.sample.text import Columns, lines
from loaders.tables import ALL_TABLES, BY_NAME, TABLES, Table

__all__ = ["DEFAULT_SEED", "generate"]

DEFAULT_SEED = 20161004
MIN_SCALE, MAX_SCALE = 0.001, 100.0
CHUNK_ROWS = 20_000  # rows in memory at a time; the files do not depend on it
_WITH_CRLF = ("order_reviews", "product_category_name_translation")
_WITH_BOM = "product_category_name_translation"


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
    with _files(folder, ALL_TABLES if with_operations else TABLES) as files:
        for name, columns in _made(Noise(seed), Plan(scale), with_operations=with_operations):
            file, end = BY_NAME[name].file, "\r\n" if name in _WITH_CRLF else "\n"
            if file not in rows:
                files[name].write(b"\xef\xbb\xbf" if name == _WITH_BOM else b"")
                files[name].write((",".join(columns) + end).encode())
            files[name].write(lines(list(columns.values()), end))
            rows[file] = rows.get(file, 0) + len(next(iter(columns.values())))
    return rows


@contextmanager
def _files(out: Path, tables: Sequence[Table]) -> Iterator[dict[str, BinaryIO]]:
    """Files beside their final names, to which they are renamed at the end."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".sample-", dir=out) as made, ExitStack() as stack:
            yield {t.name: stack.enter_context(Path(made, t.file).open("wb")) for t in tables}
            stack.close()
            for table in tables:
                Path(made, table.file).replace(out / table.file)
    except (FileExistsError, NotADirectoryError) as error:
        raise LoaderError(
            f"Cannot write the sample to {out}: that is a file or lies below one, "
            "where a folder is needed; give another folder with --out."
        ) from error
    except OSError as error:
        raise LoaderError(
            f"Cannot write the sample to {out}: {error.strerror or error}. No half-written file "
            "is left there; fix that or give another folder with --out."
        ) from error


def _chunks(rows: int) -> Iterator[Ints]:
    for start in range(0, rows, CHUNK_ROWS):
        yield np.arange(start, min(rows, start + CHUNK_ROWS))


def _made(noise: Noise, plan: Plan, *, with_operations: bool) -> Iterator[tuple[str, Columns]]:
    """Rows of the tables, some at a time."""
    geography, catalog = Geography(noise, plan), Catalog(noise, plan)
    shop = Shop(noise, plan, geography, catalog)
    operations = Operations(shop)
    yield "product_category_name_translation", translation_columns()
    for rows in _chunks(plan.sellers):
        yield "sellers", geography.seller_columns(rows)
    for rows in _chunks(plan.products):
        yield "products", catalog.product_columns(rows)
    for columns in points(noise, plan, geography.mapped, CHUNK_ROWS):
        yield "geolocation", columns
    for rows in _chunks(plan.orders):
        customers = noise.shuffle("customer row", rows, plan.orders)
        yield "customers", Visits(shop, customers).customer_columns()
        orders = Orders(shop, rows)
        yield "orders", orders.order_columns()
        yield "order_items", orders.item_columns()
        yield "order_payments", orders.payment_columns()
        yield "order_reviews", review_columns(orders)
        if with_operations:
            operations.note(orders)
    if with_operations:
        for columns in operations.inventory(CHUNK_ROWS):
            yield "inventory_transactions", columns
        yield "marketing_campaigns", operations.campaigns()
