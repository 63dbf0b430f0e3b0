"""A marketplace that goes on: each export has orders that are new, have changed and have gone."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from loaders.sample import generate
from tests.frames import Files, read, write

# Of some tables so few rows are there that one order less is more than 5 %.
SNAPSHOT = ("--mode", "snapshot", "--allow-removals")

_CHILDREN = ("order_items", "order_payments", "order_reviews")
_SHARE = 100  # one order of so many goes, changes, or comes with people and products of its own


def exports(folder: Path, scale: float, seed: int = 1) -> Iterator[Path]:
    """Yield folders of whole exports, each made from the one before, for as long as asked."""
    random = np.random.default_rng(seed)
    generate(folder / "0", scale)
    files = read(folder / "0")
    number = 0
    while True:
        yield folder / str(number)
        number += 1
        files = _next(files, number, random)
        (folder / str(number)).mkdir()
        write(files, folder / str(number))


def _next(files: Files, number: int, random: np.random.Generator) -> Files:
    orders = files["orders"]
    chosen = random.choice(orders["order_id"].to_numpy(), 3 * max(1, len(orders) // _SHARE), False)
    gone, changed, copied = np.split(chosen, 3)
    after = dict(files)
    for name in ("orders", *_CHILDREN):
        rows = files[name]
        new = rows[rows["order_id"].isin(copied)].copy()
        new["order_id"] = new["order_id"] + f"n{number}"
        if name == "orders":
            new["customer_id"] = new["customer_id"] + f"n{number}"
        if name == "order_items":  # products and sellers that no file has described
            new["product_id"] = new["product_id"] + f"n{number}"
            new["seller_id"] = new["seller_id"] + f"n{number}"
        if name == "order_payments":
            new["payment_type"] = f"type_{number}"
        if name == "order_reviews":
            new["review_id"] = new["review_id"] + f"n{number}"
        after[name] = pd.concat([rows[~rows["order_id"].isin(gone)], new], ignore_index=True)
    late = after["orders"]["order_id"].isin(changed)
    after["orders"].loc[late, "order_status"] = "canceled"
    money = after["order_items"]["order_id"].isin(changed)
    after["order_items"].loc[money, "price"] = f"{number}.99"
    customers = files["customers"]
    went = orders[orders["order_id"].isin(gone)]["customer_id"]
    came = orders[orders["order_id"].isin(copied)]["customer_id"]
    new = customers[customers["customer_id"].isin(came)].copy()
    for name in ("customer_id", "customer_unique_id"):
        new[name] = new[name] + f"n{number}"
    new["customer_zip_code_prefix"] = f"{90000 + number:05}"
    kept = customers[~customers["customer_id"].isin(went)]
    after["customers"] = pd.concat([kept, new], ignore_index=True)
    sold = after["order_items"]["product_id"]
    after["products"] = files["products"].assign(product_photos_qty=str(number % 9 + 1))
    after["products"] = after["products"][after["products"]["product_id"].isin(sold)]
    return after
