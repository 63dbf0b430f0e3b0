"""How columns and figures are written: names in English, numbers and dates as Brazilians do."""

from datetime import date, datetime
from functools import cache
from typing import Any

import altair as alt
import pandas as pd

import metrics

LOCALE = alt.Locale(
    number=alt.NumberLocale(decimal=",", thousands=".", grouping=[3], currency=["R$ ", ""])
)
MONEY, SHARE, NUMBER, MONTH = metrics.FORMATS["BRL"], metrics.FORMATS["fraction"], ",.2~f", "%m/%Y"
_BRAZILIAN = str.maketrans(",.", ".,")

# Columns that are no metric: label, and format where it is not that of any number or text.
COLUMNS: dict[str, tuple[str, str]] = {
    "metric_time__month": ("Month", MONTH),
    "month_starts_on": ("Month", MONTH),
    "customer_geography__state_code": ("State", NUMBER),
    "customer_geography__city": ("City", NUMBER),
    "product__category_name": ("Category", NUMBER),
    "category_name": ("Category", NUMBER),
    "payment_method__payment_type_name": ("Payment type", NUMBER),
    "payment__installments": ("Installments", NUMBER),
    "order_id__is_late": ("Late", NUMBER),
    "order_id__days_to_deliver": ("Days from purchase to delivery", NUMBER),
    "average_price": ("Average price", MONEY),
    "average_freight": ("Average freight", MONEY),
    "average_review_score": ("Average score", NUMBER),
    "average_days": ("Average days", NUMBER),
    "median_days": ("Half arrive within, days", NUMBER),
    "p90_days": ("Nine of ten within, days", NUMBER),
    "retention_percent": ("Customers who ordered, %", NUMBER),
    "r_squared": ("R²", ",.4f"),
    "slope": ("Slope, stars", ",.4f"),
    "slope_low": ("95 % from", ",.4f"),
    "slope_high": ("95 % to", ",.4f"),
    "intercept": ("Intercept, stars", ",.4f"),
    "p_value": ("p", ",.6f"),
    "log10_p_value": ("log10 p", ",.1f"),
}


@cache
def _metrics() -> dict[str, tuple[str, str]]:
    return {one.name: (one.label, one.format) for one in metrics.metrics()}


def label_of(column: str) -> str:
    """What a column is called."""
    plain = column.rpartition("__")[2].replace("_", " ").capitalize()
    return {**COLUMNS, **_metrics()}.get(column, (plain,))[0]


def format_of(column: str) -> str:
    """How its figures are written, in the words of d3-format, or of dates."""
    return {**COLUMNS, **_metrics()}.get(column, ("", NUMBER))[1]


def text_of(value: Any, form: str = NUMBER) -> str:
    """A value as it is shown: R$ 1.234,56; 6,8%; 31/12/2017."""
    if value is None or value is pd.NaT or value != value:  # noqa: PLR0124 - not a number
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if isinstance(value, date):
        with_time = "%d/%m/%Y %H:%M %Z" if isinstance(value, datetime) else "%d/%m/%Y"
        return value.strftime(form if form == MONTH else with_time).strip()
    if form == NUMBER:
        form = ",.0f" if value == int(value) else ",.2f"
    prefix = "R$ " * form.startswith("$")
    return prefix + format(value, form.removeprefix("$")).translate(_BRAZILIAN)


def first(frame: pd.DataFrame, *columns: str) -> list[str]:
    """Values of the first row, as they are shown: what a title speaks of."""
    if frame.empty:
        return ["none" for _ in columns]
    return [text_of(frame[name].iloc[0], format_of(name)) for name in columns]
