"""Draw the pictures of docs/gallery.md: ``python -m docs.gallery [--out FOLDER]``.

They are of the warehouse in use, from schemas ``reports`` and ``marts``; those of the repository
are of the synthetic data (``make gallery``): the same bytes for the same data. One function per
picture: what it asks of the warehouse, and how it is drawn.
"""

import argparse
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import psycopg2
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from PIL import Image

from loaders.connection import connect
from loaders.errors import LoaderError
from loaders.paths import project_root

Rows = list[tuple[Any, ...]]
Ask = Callable[[str], Rows]

BLUE, ORANGE, GREY = "#2f6f9f", "#d98032", "#b8bfc6"
_STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#888888",
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
}


def monthly_sales(ask: Ask, axes: Axes) -> None:
    """How do sales grow?"""
    rows = ask(
        "select year_month, revenue / 1000.0, is_complete from reports.rpt_monthly_sales order by 1"
    )
    months, revenue, complete = _columns(rows)
    axes.bar(months, _numbers(revenue), color=[BLUE if whole else GREY for whole in complete])
    axes.set_ylabel("revenue, thousand reais (grey: incomplete month)")
    axes.tick_params(axis="x", rotation=90)


def retention(ask: Ask, axes: Axes) -> None:
    """Who comes back?"""
    rows = ask(
        "select cohort_month, months_since, retention_percent from reports.rpt_customer_cohorts"
        " where months_since between 1 and 12 and cohort_size >= 100"
        " and active_month_days_with_orders >= 20 order by 1, 2"
    )
    _heat_map(axes, rows, "percent of the 100 customers or more who began")
    axes.set_xlabel("months since the first purchase")


def segments(ask: Ask, axes: Axes) -> None:
    """What are groups of customers worth?"""
    rows = ask(
        "select segment, customers_percent, revenue_percent"
        " from reports.rpt_customer_lifetime_value order by revenue_percent, segment"
    )
    names, customers, revenue = _columns(rows)
    places = np.arange(len(names))
    axes.barh(places + 0.2, _numbers(revenue), 0.4, color=BLUE, label="of revenue")
    axes.barh(places - 0.2, _numbers(customers), 0.4, color=GREY, label="of customers")
    axes.set_yticks(places, names)
    axes.xaxis.set_major_formatter(PercentFormatter())
    axes.legend(frameon=False, loc="lower right")


def delivery_by_state(ask: Ask, axes: Axes) -> None:
    """How long does delivery take, and how sure is it?"""
    rows = ask(
        "select state_code, median_days, p90_days, late_share from reports.rpt_delivery_by_state"
        " where median_days is not null order by median_days, state_code"
    )
    states, median, most, late = _columns(rows)
    axes.bar(states, _numbers(median), color=BLUE, label="half arrive within")
    axes.plot(states, _numbers(most), "_", color=ORANGE, markersize=12, label="nine of ten within")
    for place, (days, share) in enumerate(zip(_numbers(most), late, strict=True)):
        axes.annotate(f"{share:.0%}", (place, days + 0.8), ha="center", fontsize=7)
    axes.set_ylabel("days (above: percent late)")
    axes.legend(frameon=False, loc="upper left")


def routes(ask: Ask, axes: Axes) -> None:
    """Which routes are slow?"""
    rows = ask(
        "select seller_state_code, customer_state_code, average_days"
        " from reports.rpt_delivery_by_route"
        " where seller_state_code in (select seller_state_code from reports.rpt_delivery_by_route"
        " group by seller_state_code order by sum(parcels) desc, seller_state_code limit 8)"
        " and average_days is not null and customer_state_code <> 'unknown' order by 1, 2"
    )
    _heat_map(axes, rows, "average days", digits=0)
    axes.set_ylabel("from the state of the seller")
    axes.set_xlabel("to the state of the customer")


def late_and_review(ask: Ask, axes: Axes) -> None:
    """What does a day cost in stars?"""
    rows = ask(
        "select floor(days_to_deliver), avg(review_score), count(*) from marts.fct_orders"
        " where is_delivered and review_score is not null and days_to_deliver < 60"
        " group by 1 having count(*) >= 5 order by 1"
    )
    days, score, orders = (_numbers(column) for column in _columns(rows))
    axes.scatter(days + 0.5, score, s=3 + 120 * orders / orders.max(), color=BLUE, alpha=0.7)
    ((slope, intercept, r_squared),) = ask(
        "select slope, intercept, r_squared from reports.rpt_delivery_review_regression"
        " where predictor = 'days_to_deliver'"
    )
    ends = np.array([0.0, 60.0])
    label = f"{intercept:.2f} {slope:+.3f} · days, R² {r_squared:.3f}"
    axes.plot(ends, float(intercept) + float(slope) * ends, color=ORANGE, label=label)
    axes.set_xlabel("days to deliver (area: orders)")
    axes.set_ylabel("average review score")
    axes.set_ylim(1, 5)
    axes.legend(frameon=False, loc="upper right")


def market_basket(ask: Ask, axes: Axes) -> None:
    """What is bought together?"""
    rows = ask(
        "select first_category || ' + ' || second_category, orders, ' lift ' || round(lift, 2)"
        " from reports.rpt_market_basket where not has_unknown_category"
        " order by orders desc, first_category, second_category limit 12"
    )
    _noted_bars(axes, rows[::-1], "orders with both", 0.12)


def sellers(ask: Ask, axes: Axes) -> None:
    """How much depends on a few sellers?"""
    rows = ask(
        "select 100.0 * row_number() over (order by revenue_rank) / count(*) over (),"
        " 100.0 * sum(revenue) over (order by revenue_rank) / sum(revenue) over ()"
        " from reports.rpt_seller_scorecard order by revenue_rank"
    )
    part, share = (_numbers(column) for column in _columns(rows))
    axes.plot(part, share, color=BLUE)
    axes.plot([0, 100], [0, 100], color=GREY, linestyle=":")
    tenth = float(np.interp(10, part, share))
    axes.plot([10, 10], [0, tenth], color=ORANGE)
    axes.annotate(f"  a tenth of them: {tenth:.0f}% of revenue", (10, tenth - 4), color=ORANGE)
    axes.set_xlabel("sellers, the largest first")
    axes.set_ylabel("revenue")
    axes.xaxis.set_major_formatter(PercentFormatter())
    axes.yaxis.set_major_formatter(PercentFormatter())


def categories(ask: Ask, axes: Axes) -> None:
    """What sells, and does it please?"""
    rows = ask(
        "select category_name, revenue / 1000.0,"
        " coalesce(' ' || round(average_review_score, 2) || ' ★', '')"
        " from reports.rpt_category_performance order by revenue desc, category_name limit 15"
    )
    _noted_bars(axes, rows[::-1], "revenue, thousand reais (and average review score)", 0.1)


def payments(ask: Ask, axes: Axes) -> None:
    """Does what was paid equal what was bought?"""
    rows = ask(
        "select reconciliation, count(*), to_char(count(*), ' FM999,999,999')"
        " from reports.rpt_payment_reconciliation"
        " group by reconciliation order by count(*), reconciliation"
    )
    axes.set_xscale("log")
    _noted_bars(axes, rows, "orders (logarithmic)", 0.15)


CHARTS: tuple[Callable[[Ask, Axes], None], ...] = (
    monthly_sales,
    retention,
    segments,
    delivery_by_state,
    routes,
    late_and_review,
    market_basket,
    sellers,
    categories,
    payments,
)


def _heat_map(axes: Axes, rows: Rows, what: str, digits: int = 1) -> None:
    """Draw rows of (row, column, figure); a pair that is not there stays white."""
    down = sorted({row for row, _, _ in rows})
    across = sorted({column for _, column, _ in rows})
    figures = np.full((len(down), len(across)), np.nan)
    for row, column, figure in rows:
        figures[down.index(row), across.index(column)] = figure
    drawn = axes.imshow(figures, cmap="Blues", aspect="auto", vmin=0)
    for (row, column), figure in np.ndenumerate(figures):
        if not np.isnan(figure):
            dark = figure > 0.6 * np.nanmax(figures)
            color = "white" if dark else "#333333"
            text = f"{figure:.{digits}f}"
            axes.annotate(text, (column, row), ha="center", va="center", color=color, fontsize=6.5)
    axes.set_xticks(range(len(across)), [str(value) for value in across])
    axes.set_yticks(range(len(down)), [str(value) for value in down])
    axes.figure.colorbar(drawn, ax=axes, label=what)


def _noted_bars(axes: Axes, rows: Rows, what: str, room: float) -> None:
    """Draw rows of (name, figure, note at the end of its bar)."""
    names, figures, notes = _columns(rows)
    axes.bar_label(axes.barh(names, _numbers(figures), color=BLUE), notes, fontsize=8)
    axes.set_xlabel(what)
    axes.margins(x=room)


def _columns(rows: Rows) -> tuple[tuple[Any, ...], ...]:
    return tuple(zip(*rows, strict=True))


def _numbers(values: tuple[Any, ...]) -> "np.ndarray[Any, np.dtype[np.float64]]":
    return np.array([float(value) for value in values])


def main() -> int:
    """Draw every picture; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m docs.gallery", description=__doc__)
    parser.add_argument("--out", type=Path, default=project_root() / "docs" / "assets" / "gallery")
    folder: Path = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with connect() as link, link.cursor() as cursor, mpl.rc_context(_STYLE):

            def ask(query: str) -> Rows:
                cursor.execute(query)
                return cursor.fetchall()

            for chart in CHARTS:
                figure = Figure(figsize=(8, 4.5), dpi=100, layout="constrained")
                axes = figure.add_subplot()
                chart(ask, axes)
                axes.set_title(str(chart.__doc__))
                name = f"{chart.__name__}.png"
                drawn = BytesIO()
                figure.savefig(drawn, format="png")
                # sixty-four colors are enough, and a third of the bytes
                small = Image.open(drawn).convert("RGB").quantize(64)
                small.save(folder / name, optimize=True)
                print(f"  {name}")
    except psycopg2.Error as error:
        print(f"The reports cannot be read: {error}".strip() + " Run 'dbt build'.", file=sys.stderr)
        return 1
    except LoaderError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
