"""Two loads that make faults visible: what the warehouse was built from, and what came since.

The base is the small synthetic data set. On top come the edges that rules are about (a delivery on
the promised day, a weight on the border of a band, equal review times, white space, days outside
the calendar), so that a mutant which moves an edge moves a row.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from loaders.sample import generate
from loaders.tables import BY_NAME, TABLES

Files = dict[str, pd.DataFrame]
CUT = "2018-01-01"
CHILDREN = ("order_items", "order_payments", "order_reviews")


def write(folder: Path, scale: float) -> tuple[list[tuple[Path, str]], list[tuple[Path, str]]]:
    """Write the CSV files; return the loads before the clean build and those after it.

    A load is a folder and the mode to land it in. ``scale`` is that of ``olist sample``.
    """
    generate(folder / "base", scale)
    whole = _edges(
        {
            table.name: pd.read_csv(
                folder / "base" / table.file, dtype=str, keep_default_na=False, encoding="utf-8-sig"
            )
            for table in TABLES
        }
    )
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
    for name, rows in files.items():
        rows.to_csv(folder / BY_NAME[name].file, index=False)
    return folder


def _put(rows: pd.DataFrame, column: str, first: int, values: Sequence[str]) -> None:
    """Overwrite a column from row ``first`` on."""
    rows.loc[rows.index[first : first + len(values)], column] = list(values)


def _edges(files: Files) -> Files:
    """Rows on the edge of each rule, in the first orders and products."""
    orders, items = files["orders"], files["order_items"]
    promised = orders["order_estimated_delivery_date"].str.slice(0, 10)
    late = orders.index[orders["order_status"] == "delivered"][:6]
    for row, clock in zip(late, ("00:00:00", "00:00:01", "15:30:00", "23:59:59"), strict=False):
        orders.loc[row, "order_delivered_customer_date"] = f"{promised[row]} {clock}"
    edges = ("2015-12-31 23:59:59", "2016-01-01 00:00:00", "2017-01-01 10:00:00")
    _put(orders, "order_purchase_timestamp", 10, edges)
    _put(orders, "order_approved_at", 10, ("", "  ", "2017-12-31 12:00:00"))
    _put(orders, "order_purchase_timestamp", 13, ("2020-12-31 23:59:59", "2021-01-01 00:00:00"))
    _put(orders, "order_status", 20, (" shipped", "canceled\t"))
    _put(items, "price", 0, (" 10.50", "0.00", "19.99 "))
    _put(items, "shipping_limit_date", 3, (" 2017-05-05 10:00:00 ", "2021-01-01 00:00:00"))
    _put(files["order_payments"], "payment_type", 0, ("pix", " boleto", "voucher\t", "pix"))
    _products(files["products"])
    _reviews(files["order_reviews"])
    _places(files)
    return files


def _products(products: pd.DataFrame) -> None:
    _put(products, "product_weight_g", 0, ("0", "1", "500", "501", "1000", "1001", "2000", "2001"))
    _put(products, "product_weight_g", 8, ("5000", "5001", "10000", "10001", "30000", "30001"))
    _put(products, "product_weight_g", 14, ("", "  ", " 700 "))
    _put(products, "product_length_cm", 0, ("2", "3", ""))
    _put(products, "product_category_name", 17, ("", "  ", "sem_traducao", " bebes"))


def _reviews(reviews: pd.DataFrame) -> None:
    """Several reviews of one order that only one sort key tells apart, and odd comments."""
    order = reviews["order_id"]
    for first, (answers, creations) in enumerate(
        (
            (("2018-03-02 10:00:00", "2018-03-01 10:00:00"), ("2018-02-01", "2018-02-09")),
            (("2018-03-02 10:00:00", "2018-03-02 10:00:00"), ("2018-02-09", "2018-02-01")),
            (("2018-03-02 10:00:00", "2018-03-02 10:00:00"), ("2018-02-01", "2018-02-01")),
            (("", "2018-03-02 10:00:00"), ("2018-02-09", "2018-02-01")),
            (("", ""), ("", "2018-02-01")),
        )
    ):
        row = 2 * first
        _put(reviews, "order_id", row, (order[row], order[row]))
        _put(reviews, "review_answer_timestamp", row, answers)
        _put(
            reviews,
            "review_creation_date",
            row,
            [f"{day} 00:00:00" if day else "" for day in creations],
        )
        _put(reviews, "review_score", row, (str(first % 5 + 1), str((first + 2) % 5 + 1)))
    _put(reviews, "review_comment_title", 10, ("  ", "", "Ok", "\t"))
    _put(reviews, "review_comment_message", 10, ("", " \n ", "", "Muito bom "))


def _places(files: Files) -> None:
    """Accents, ties, strays, points in the sea, prefixes without a point."""
    customers, sellers = files["customers"], files["sellers"]
    _put(customers, "customer_zip_code_prefix", 2, (" 01001", "99998", "99998", "99998"))
    _put(customers, "customer_city", 3, ("Nova São João", "nova sao joao", "Outra"))
    _put(customers, "customer_state", 3, ("SP", "SP ", "RJ"))
    _put(customers, "customer_zip_code_prefix", 6, ("99997", "99997"))
    _put(customers, "customer_city", 6, ("beta", "alfa"))
    _put(customers, "customer_state", 6, ("SP", "SP"))
    _put(sellers, "seller_zip_code_prefix", 1, ("99996", " 99996"))
    _put(sellers, "seller_city", 1, ("Vila Ágata ", "vila agata"))
    points = [
        # prefix, latitude, longitude, city, state: the last rows are strays of another place
        ("99990", "-34.20", "-50.00", "um", "RS"),
        ("99990", "-30.00", "-50.00", "Um", "RS"),
        ("99990", "-30.50", "-50.50", "dois", "RS"),
        ("99990", "-10.00", "-60.00", "dois", "AM"),
        ("99991", "5.90", "-60.00", "três", "RR"),
        ("99991", "4.00", "-74.60", "tres", "RR"),
        ("99992", "-5.00", "-29.40", "quatro", "RN"),
        ("99992", "-6.00", "-30.40", "quatro", "RN"),
        ("99993", "45.00", "-9.00", "porto", "SP"),
        ("99994", "-20.00", "-40.00", "beta", "SP"),
        ("99994", "-21.00", "-41.00", "alfa", "SP"),
        ("99995", "-20.00", "-40.00", "alfa", "SP"),
        ("99995", "-22.00", "-42.00", "alfa", "RJ"),
    ]
    more = pd.DataFrame(points, columns=files["geolocation"].columns)
    files["geolocation"] = pd.concat([files["geolocation"], more], ignore_index=True)


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
