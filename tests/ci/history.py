"""A small data set as it was at an earlier load: what came late, changed or vanished since."""

import shutil
from pathlib import Path

import pandas as pd

from loaders.sample import generate
from tests import frames

SCALE = 0.01
_CHILDREN = ("order_items", "order_payments", "order_reviews")
_CHANGED = ("orders", *_CHILDREN)


def write_history(folder: Path) -> tuple[Path, Path]:
    """Write two whole exports below ``folder`` and return them: the earlier, the later."""
    earlier, later = folder / "earlier", folder / "later"
    generate(later, SCALE)
    shutil.copytree(later, earlier)
    frames.write(_before(frames.read(later, _CHANGED)), earlier)
    return earlier, later


def _before(files: frames.Files) -> frames.Files:
    # Every tenth order comes later, with all its rows: `dbt build` refuses orphans.
    orders = files["orders"]
    known = orders[orders.index % 10 != 0].copy()
    earlier = {
        name: files[name][files[name]["order_id"].isin(known["order_id"])].copy()
        for name in _CHILDREN
    }
    # Of the others some are delivered later, some lines corrected, some payments vanish.
    late = known.index % 7 == 0
    known.loc[late, "order_status"] = "shipped"
    known.loc[late, "order_delivered_customer_date"] = ""
    lines, payments = earlier["order_items"], earlier["order_payments"]
    lines.loc[lines.index % 9 == 0, "price"] = "1.00"
    vanishing = payments.iloc[::50].assign(payment_sequential="99")
    earlier["order_payments"] = pd.concat([payments, vanishing])
    return {**earlier, "orders": known}
