"""The rows on the edges of rules: what tells a rule from one that is off by one."""

from collections.abc import Sequence

import pandas as pd

from tests.frames import Files


def with_edges(files: Files) -> Files:
    """Change the first rows of each table to such rows; returns the same tables."""
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


def _put(rows: pd.DataFrame, column: str, first: int, values: Sequence[str]) -> None:
    """Overwrite a column from row ``first`` on."""
    rows.loc[rows.index[first : first + len(values)], column] = list(values)
