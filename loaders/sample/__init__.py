"""Synthetic CSV files in the shape of the Olist data set, for trying and testing the project.

Nothing in them is copied from the real files: names and figures are public facts or rounded
aggregates, and every row is drawn from the seed.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from loaders.errors import LoaderError
from loaders.sample.campaigns import CampaignMaker
from loaders.sample.catalog import Catalog
from loaders.sample.categories import translations
from loaders.sample.files import Progress, SampleFiles
from loaders.sample.geography import Geography
from loaders.sample.inventory import InventoryMaker
from loaders.sample.items import ItemMaker
from loaders.sample.noise import Ints, Noise
from loaders.sample.payments import PaymentMaker
from loaders.sample.people import People
from loaders.sample.plan import Plan
from loaders.sample.points import PointMaker
from loaders.sample.reviews import ReviewMaker
from loaders.sample.sellers import seller_columns
from loaders.sample.text import lookup
from loaders.sample.timeline import TimelineMaker
from loaders.tables import ALL_TABLES, TABLES

__all__ = ["DEFAULT_SEED", "generate"]

DEFAULT_SEED = 20161004
MIN_SCALE, MAX_SCALE = 0.001, 100.0
CHUNK_ROWS = 20_000  # rows in memory at a time; the files do not depend on it


def generate(
    out: Path,
    scale: float = 1.0,
    seed: int = DEFAULT_SEED,
    progress: Progress | None = None,
    *,
    with_operations: bool = False,
) -> dict[str, int]:
    """Write the nine CSV files into ``out``; returns rows per file name.

    ``progress`` is called with a file name and the rows written to it so far. ``with_operations``
    adds the files of the optional tables, which follow the orders of the nine.
    """
    if not (math.isfinite(scale) and MIN_SCALE <= scale <= MAX_SCALE):
        raise LoaderError(
            f"The scale of the sample is {scale:g}, but must be between {MIN_SCALE:g} and "
            f"{MAX_SCALE:g}; 1 gives as many rows as the real files."
        )
    if seed < 0:
        raise LoaderError(f"The seed of the sample is {seed}, but must be 0 or more.")
    with SampleFiles(out, progress, ALL_TABLES if with_operations else TABLES) as files:
        _write(files, Noise(seed), Plan(scale), operations=with_operations)
    return files.rows


def _chunks(rows: int) -> Iterator[Ints]:
    for start in range(0, rows, CHUNK_ROWS):
        yield np.arange(start, min(rows, start + CHUNK_ROWS))


def _write(files: SampleFiles, noise: Noise, plan: Plan, *, operations: bool) -> None:
    geography = Geography(noise, plan)
    catalog = Catalog(noise, plan)
    people = People(noise, plan, geography)
    names = translations()
    files.append(
        "product_category_name_translation",
        [lookup(name for name, _ in names), lookup(english for _, english in names)],
    )
    for rows in _chunks(plan.sellers):
        files.append("sellers", seller_columns(noise, plan, geography, rows))
    for rows in _chunks(plan.products):
        files.append("products", catalog.product_columns(rows))
    for columns in PointMaker(noise, plan, geography).chunks(CHUNK_ROWS):
        files.append("geolocation", columns)
    for rows in _chunks(plan.orders):
        files.append("customers", people.customer_columns(rows))

    maker = ItemMaker(noise, plan, geography, catalog)
    payments = PaymentMaker(noise, plan)
    timelines = TimelineMaker(noise, plan, payments)
    reviews = ReviewMaker(noise, plan)
    inventory, campaigns = InventoryMaker(noise, catalog), CampaignMaker(noise, plan)
    for rows in _chunks(plan.orders):
        visits = people.visits(rows)
        states = geography.states(visits.spot)
        timeline = timelines.timeline(visits, maker.origin(visits), states)
        items = maker.items(visits)
        total = np.zeros(len(rows), np.int64)
        np.add.at(total, items.row, items.price + items.freight)
        files.append("orders", timelines.columns(visits, timeline))
        files.append("order_items", maker.columns(visits, items, timeline.approved))
        files.append("order_payments", payments.columns(visits, total))
        files.append("order_reviews", reviews.columns(visits, timeline, items.count))
        if operations:
            inventory.note(visits, timeline, items)
            campaigns.note(visits, items)
    if operations:
        _write_operations(files, inventory, campaigns)


def _write_operations(
    files: SampleFiles, inventory: InventoryMaker, campaigns: CampaignMaker
) -> None:
    made = inventory.transactions()
    for start in range(0, len(made.line), CHUNK_ROWS):
        columns = inventory.columns(made, start, start + CHUNK_ROWS)
        files.append("inventory_transactions", columns)
    files.append("marketing_campaigns", campaigns.columns())
