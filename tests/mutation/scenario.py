"""Two loads that make faults visible: what the warehouse was built from, and what came since.

The base is the small synthetic data set. On top come the edges that rules are about (a delivery on
the promised day, a weight on the border of a band, equal review times, white space, days outside
the calendar), so that a mutant which moves an edge moves a row.
"""

from pathlib import Path

from loaders.sample import generate
from tests import frames
from tests.frames import Files

from .edges import with_edges

CUT = "2018-01-01"
CHILDREN = ("order_items", "order_payments", "order_reviews")


def write(folder: Path, scale: float) -> tuple[list[tuple[Path, str]], list[tuple[Path, str]]]:
    """Write the CSV files; return the loads before the clean build and those after it.

    A load is a folder and the mode to land it in. ``scale`` is that of ``olist sample``.
    """
    generate(folder / "base", scale)
    whole = with_edges(frames.read(folder / "base"))
    children = {name: whole[name] for name in CHILDREN}
    later = _corrected(whole)
    before = [(_early(whole), "delta"), ({**children, "products": whole["products"]}, "delta")]
    after = [(_reduced(later), "snapshot"), (_latest(later), "delta")]
    folders = iter(range(len(before) + len(after)))
    return (
        [(_written(folder / f"load_{next(folders)}", files), mode) for files, mode in before],
        [(_written(folder / f"load_{next(folders)}", files), mode) for files, mode in after],
    )


def _written(folder: Path, files: Files) -> Path:
    folder.mkdir(parents=True)
    frames.write(files, folder)
    return folder


def _early(whole: Files) -> Files:
    """Old orders without the lines of every third, and half of the rest.

    Some customers are here before their order, so that an order alone can change what it brings.
    """
    orders = whole["orders"]
    old = orders[orders["order_purchase_timestamp"] < CUT]
    of_old = {
        name: whole[name][whole[name]["order_id"].isin(set(old["order_id"]))] for name in CHILDREN
    }
    without_lines = of_old["order_items"]["order_id"].isin(set(old["order_id"][::3]))
    customers = whole["customers"]
    return {
        **whole,
        **of_old,
        "orders": old,
        "order_items": of_old["order_items"][~without_lines],
        "customers": customers[
            customers["customer_id"].isin(
                {*old["customer_id"][::2], *customers["customer_id"][::4]}
            )
        ],
        "products": whole["products"][::2],
        "sellers": whole["sellers"][::2],
    }


def _corrected(whole: Files) -> Files:
    """The same rows with corrections of old ones."""
    files = {name: rows.copy() for name, rows in whole.items()}
    orders, customers = files["orders"], files["customers"]
    orders.loc[::7, "order_status"] = "canceled"
    orders.loc[::11, "order_delivered_customer_date"] = "2018-10-17 13:22:46"
    files["order_items"].loc[::5, "price"] = "1234.56"
    files["order_payments"].loc[::6, "payment_type"] = "debit_card"
    files["order_reviews"].loc[20::4, "review_score"] = "1"
    files["order_reviews"].loc[20::9, "review_answer_timestamp"] = "2019-01-01 00:00:00"
    customers.loc[8::8, "customer_zip_code_prefix"] = "01001"
    customers.loc[8::10, "customer_unique_id"] = "f" * 32
    files["sellers"].loc[3::3, "seller_zip_code_prefix"] = "99990"
    files["products"].loc[21::3, "product_category_name"] = "bebes"
    return files


def _reduced(whole: Files) -> Files:
    """A whole export without some orders with all that is theirs, and without some other rows."""
    gone = set(whole["orders"]["order_id"][30::13])
    kept = {
        name: rows[~rows["order_id"].isin(gone)] if "order_id" in rows else rows
        for name, rows in whole.items()
    }
    for name, every in (
        ("order_items", 17),
        ("order_payments", 19),
        ("order_reviews", 15),
        ("customers", 23),
        ("sellers", 4),
        ("products", 6),
        ("orders", 41),
    ):
        kept[name] = kept[name].drop(kept[name].index[every - 1 :: every])
    return kept


def _latest(whole: Files) -> Files:
    """A day later: single rows of each kind change, each of another order."""
    files = {name: rows.copy() for name, rows in whole.items()}
    files["orders"].loc[50:52, "order_status"] = "unavailable"
    files["order_items"].loc[60:62, "freight_value"] = "7.77"
    files["order_payments"].loc[70:72, "payment_value"] = "88.88"
    files["order_reviews"].loc[80:82, "review_score"] = "2"
    files["customers"].loc[90:92, "customer_zip_code_prefix"] = "99992"
    files["sellers"].loc[10:11, "seller_zip_code_prefix"] = "99991"
    rows = {
        "orders": slice(50, 52),
        "order_items": slice(60, 62),
        "order_payments": slice(70, 72),
        "order_reviews": slice(80, 82),
        "customers": slice(90, 92),
        "sellers": slice(10, 11),
    }
    return {name: files[name].loc[part] for name, part in rows.items()}
