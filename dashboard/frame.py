"""What all pages share: their addresses, the filters, what the figures are of, and errors."""

from collections.abc import Callable

import pandas as pd
import streamlit as st
from streamlit.web.cli import main as command_line

import metrics
from dashboard.cards import STYLE, errors_on_the_page
from dashboard.data import CATEGORY, STATE, View
from dashboard.text import text_of
from dashboard.views import delivery, geographic, overview, products, quality, statistics

Draw = Callable[[View], None]
PAGES: dict[str, tuple[Draw, str]] = {
    "overview": (overview.draw, "How is business?"),
    "geographic": (geographic.draw, "Where do orders go?"),
    "products": (products.draw, "What sells, and does it please?"),
    "delivery": (delivery.draw, "Does it arrive as promised?"),
    "statistics": (statistics.draw, "What do the numbers prove?"),
    "quality": (quality.draw, "Can the figures be trusted?"),
}
_YEAR = 12  # months of the period, if none is chosen


def serve(port: int) -> None:
    """Serve the dashboard until it is stopped; what takes time is done before anybody looks."""
    metrics.metrics()
    command_line(["run", "app.py", f"--server.port={port}"], standalone_mode=False)


def main() -> None:
    """Draw the page that the address names."""
    st.set_page_config(layout="wide")
    pages = {
        name: st.Page(lambda: None, title=name.capitalize(), url_path=name, default=not place)
        for place, name in enumerate(PAGES)
    }
    here = st.navigation([*pages.values()], position="top")
    here.run()
    name = next(name for name, page in pages.items() if page == here)
    draw, title = PAGES[name]
    st.title(title, anchor=False)
    st.html(STYLE)
    with errors_on_the_page(), metrics.reading() as cursor:
        newest = metrics.newest(cursor)
        landed = text_of(newest["built_batch_landed_at"])
        st.markdown(f"Data as of batch {newest['built_batch_id']}, landed {landed}.")
        view = View(cursor, newest)
        if name == "quality" or _filters(view, with_categories=name == "products"):
            draw(view)


def _filters(view: View, *, with_categories: bool) -> bool:
    """Let months, states and categories be chosen; whether there are orders to show."""
    sales = view.report("rpt_monthly_sales", "month_starts_on, is_complete", "order by 1")
    months = [f"{day:%m/%Y}" for day in sales["month_starts_on"]]
    if not months:
        st.info("There are no orders yet: run 'olist land', then 'dbt build'.")
        return False
    last = max((place for place, whole in enumerate(sales["is_complete"]) if whole), default=-1)
    last %= len(months)
    places = view.metrics("orders", by=[STATE], order=[STATE])[STATE]
    across = st.columns(3 + with_categories)
    chosen = [
        across[place].selectbox(label, months, index, key=key, bind="query-params")
        for place, (label, index, key) in enumerate(
            (("From", max(0, last - _YEAR + 1), "from"), ("To", last, "to"))
        )
    ]
    view.states = across[2].multiselect(
        "States", [*places], key="state", bind="query-params", placeholder="All"
    )
    if with_categories:
        names = view.metrics("revenue", by=[CATEGORY], order=[CATEGORY])[CATEGORY]
        view.categories = across[3].multiselect(
            "Categories", [*names], key="category", bind="query-params", placeholder="All"
        )
    first, until = (pd.Period(f"{month[3:]}-{month[:2]}", "M") for month in chosen)
    if first > until:
        st.info(f"The period ends in {chosen[1]}, before it begins in {chosen[0]}.")
        return False
    view.months = [*pd.period_range(first, until, freq="M")]
    if not (view.metrics("orders")["orders"].iloc[0] or 0):
        where = f" in {', '.join(view.states)}" if view.states else ""
        st.info(f"There are no orders from {chosen[0]} to {chosen[1]}{where}.")
        return False
    return True
