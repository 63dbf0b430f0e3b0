"""Overview: the six figures, revenue by month, and where it comes from; live invoices, if any."""

from contextlib import nullcontext

import pandas as pd
import streamlit as st

import metrics
from dashboard.cards import bars, card, columns, errors_on_the_page
from dashboard.data import CATEGORY, MONTH, STATE, View
from dashboard.text import MONEY, first, format_of, label_of, text_of

FIGURES = {  # and what more of it is: good, bad or neither
    "orders": "normal",
    "revenue": "normal",
    "average_order_value": "normal",
    "active_customers": "normal",
    "late_share": "inverse",
    "review_score": "normal",
}
LIVE = {"minute": "Last 60 minutes", "hour": "Last 24 hours", "day": "Last 30 days"}
_EVERY = 15.0  # seconds
PER = {"late_share": 1, "review_score": 100}  # their change is a difference, in points


def draw(view: View) -> None:
    """Draw the page."""
    if view.has("rpt_recent_invoices"):
        _live(view)
    now, before = (view.metrics(*FIGURES, before=past).iloc[0] for past in (False, True))
    across = st.columns(3) + st.columns(3)
    for place, (name, color) in zip(across, FIGURES.items(), strict=True):
        text, earlier = (text_of(row[name], format_of(name)) for row in (now, before))
        change = 0.0
        if now[name] is not None and before[name]:
            change = 100.0 * (float(now[name]) - float(before[name]))
            change /= PER[name] if name in PER else float(before[name])
        unit = " points" if name in PER else "%"
        place.metric(
            label_of(name),
            text,
            text_of(change) + unit if before[name] else None,
            delta_color=color,
            delta_description=f"from {earlier} in the period before",
            border=True,
        )
    months = view.metrics("revenue", "orders", by=[MONTH], order=[MONTH])
    best, most = first(months.sort_values("revenue", ascending=False), MONTH, "revenue")
    card(
        f"Revenue by month: most in {best}, {most}",
        "Price of all order lines, without freight, by the month of purchase.",
        months,
        columns(MONTH, "revenue"),
    )
    left, right = st.columns(2)
    with left:
        rows = view.metrics(
            "revenue", "orders_with_items", by=[CATEGORY], order=["-revenue", CATEGORY], limit=10
        )
        card(
            f"Categories: {first(rows, CATEGORY)[0]} brings the most revenue",
            "The ten categories with the most revenue in the period.",
            rows,
            bars(CATEGORY, "revenue"),
        )
    with right:
        rows = view.metrics(
            "revenue", "orders_with_items", by=[STATE], order=["-revenue", STATE], limit=10
        )
        card(
            f"States: {first(rows, STATE)[0]} buys the most",
            "The ten states with the most revenue, by where orders were sent.",
            rows,
            bars(STATE, "revenue"),
        )


@st.fragment(run_every=_EVERY)  # type: ignore[untyped-decorator, unused-ignore]
def _live(view: View) -> None:
    """The invoices of the last minutes, hours and days: this part looks again by itself."""
    page, rows = view.cursor, pd.DataFrame()  # the page's is over when this part looks again
    with errors_on_the_page(), metrics.reading() if page.closed else nullcontext(page) as cursor:
        rows = View(cursor, metrics.newest(cursor)).report("rpt_recent_invoices")
    if rows.empty:
        return
    with st.container(border=True):
        newest = text_of(rows["period_starts_at"].max())
        st.header(f"Invoices: the newest of {newest}", anchor=False)
        for place, (period, label) in zip(st.columns(3), LIVE.items(), strict=True):
            part = rows[rows["period"] == period]
            value = text_of(part["total_value"].sum(), MONEY)
            place.metric(
                label,
                text_of(part["invoice_count"].sum()),
                value,
                delta_color="off",
                delta_arrow="off",
            )
