"""The real dataset as it would have come in: a delta a month, late and corrected rows among it."""

from collections.abc import Iterator

import pandas as pd

from tests.frames import Files

_CHILDREN = ("order_items", "order_payments")
_MILESTONES = [
    "order_approved_at",
    "order_delivered_carrier_date",
    "order_delivered_customer_date",
]


def cut(files: Files) -> Iterator[Files]:
    """Cut all nine into a load a month, whose sum is the whole.

    An order comes in the month of its purchase, as it was then, and again, complete, in that of its
    last milestone. Its lines and payments come with it; its reviews when they were answered; its
    customer, and the products and sellers of its lines, a month after it.
    """
    orders = files["orders"]
    bought = orders["order_purchase_timestamp"].str[:7]
    moments = orders[["order_purchase_timestamp", *_MILESTONES]]
    done = pd.Series(moments.to_numpy(dtype=object).max(axis=1), index=orders.index).str[:7]
    early = orders.assign(order_status="created", **dict.fromkeys(_MILESTONES, ""))
    month_of = dict(zip(orders["order_id"], bought, strict=True))

    parts: list[tuple[str, pd.DataFrame, pd.Series[str]]] = [
        ("orders", early[bought < done], bought[bought < done]),
        ("orders", orders, done),
    ]
    for name in _CHILDREN:
        parts.append((name, files[name], files[name]["order_id"].map(month_of)))
    reviews = files["order_reviews"]
    parts.append(("order_reviews", reviews, reviews["review_answer_timestamp"].str[:7]))

    month_of_customer = dict(zip(orders["customer_id"], bought, strict=True))
    first_sold = files["order_items"].assign(month=files["order_items"]["order_id"].map(month_of))
    for name, key, months in (
        ("customers", "customer_id", pd.Series(month_of_customer)),
        ("products", "product_id", first_sold.groupby("product_id")["month"].min()),
        ("sellers", "seller_id", first_sold.groupby("seller_id")["month"].min()),
    ):
        parts.append((name, files[name], files[name][key].map(months).map(_next_month)))

    first, last = bought.min(), "9999-12"
    for name in ("geolocation", "product_category_name_translation"):
        parts.append((name, files[name], pd.Series(first, index=files[name].index)))
    loads: dict[str, dict[str, list[pd.DataFrame]]] = {}
    for name, rows, months in parts:
        for month, part in rows.groupby(months.where(months > "", last).fillna(last)):
            loads.setdefault(str(month), {}).setdefault(name, []).append(part)
    for month in sorted(loads):
        yield {name: pd.concat(found) for name, found in loads[month].items()}


def _next_month(month: str) -> str:
    return str(pd.Period(month, "M") + 1) if isinstance(month, str) else month
