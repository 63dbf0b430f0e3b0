"""Products: categories, their prices and scores, payments, and what is bought together."""

import streamlit as st

from dashboard.cards import bars, card, columns, dots
from dashboard.data import CATEGORY, View
from dashboard.text import first

ENOUGH = 30  # orders with a score, before a category is called well or badly rated
TYPE, INSTALLMENTS = "payment_method__payment_type_name", "payment__installments"
_UNFILTERED = "Over all orders to date: period and states do not apply."


def draw(view: View) -> None:
    """Draw the page."""
    sold = view.metrics(
        "revenue",
        "item_count",
        "average_item_price",
        "freight_share",
        by=[CATEGORY],
        order=["-revenue", CATEGORY],
        limit=15,
    )
    card(
        f"Revenue by category: {first(sold, CATEGORY)[0]} leads",
        "The fifteen with the most revenue in the period.",
        sold,
        bars(CATEGORY, "revenue"),
    )
    rated = view.report(
        "rpt_category_performance",
        "category_name, average_price, average_review_score, reviewed_orders, late_share",
        f"where reviewed_orders >= {ENOUGH} order by average_review_score desc, category_name",
    )
    if view.categories:
        rated = rated[rated["category_name"].isin(view.categories)]
    card(
        "Price against satisfaction: does dear mean good?",
        f"Average price of a line and average score of its orders; the larger, the more orders."
        f" Categories with {ENOUGH} rated orders or more. {_UNFILTERED}",
        rated,
        dots("average_price", "average_review_score", "reviewed_orders"),
    )
    left, right = st.columns(2)
    with left:
        card(
            f"Best rated: {first(rated, 'category_name')[0]}",
            f"Average score of the orders with the category, one each. {_UNFILTERED}",
            rated.head(8),
            bars("category_name", "average_review_score"),
        )
    with right:
        card(
            f"Worst rated: {first(rated[::-1], 'category_name')[0]}",
            f"The same from the other end. {_UNFILTERED}",
            rated[::-1].head(8),
            bars("category_name", "average_review_score"),
        )
    left, right = st.columns(2)
    with left:
        kinds = view.metrics("payments", "payment_count", by=[TYPE], order=["-payments", TYPE])
        card(
            f"Payments: most by {first(kinds, TYPE)[0]}",
            "Amount paid; an order may be paid in several ways. Categories do not apply.",
            kinds,
            bars(TYPE, "payments"),
        )
    with right:
        parts = view.metrics("payment_count", "payments", by=[INSTALLMENTS], order=[INSTALLMENTS])
        card(
            "Installments: how many payments are split",
            "Payments by the number of their installments. Categories do not apply.",
            parts,
            columns(INSTALLMENTS, "payment_count"),
        )
    pairs = view.report(
        "rpt_market_basket",
        "first_category || ' + ' || second_category as categories, orders, lift,"
        " first_category, second_category",
        "where not has_unknown_category order by orders desc, first_category, second_category",
    )
    if view.categories:
        both = pairs[["first_category", "second_category"]].isin(list(view.categories))
        pairs = pairs[both.any(axis=1)]
    pairs = pairs.drop(columns=["first_category", "second_category"]).head(12)
    card(
        f"Bought together: {first(pairs, 'categories')[0]}",
        f"Orders with both categories; lift 1 is what chance would give. {_UNFILTERED}",
        pairs,
        bars("categories", "orders"),
    )
