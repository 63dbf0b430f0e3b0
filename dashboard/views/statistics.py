"""Statistics: what a day costs in stars, how long delivery takes, and who comes back."""

import streamlit as st

from dashboard.cards import card, columns, dots, squares
from dashboard.data import View
from dashboard.text import first, text_of

DAYS = "order_id__days_to_deliver"
ENOUGH = 5  # orders, before their average is a dot
MOST = 60  # days on a chart; the table has all


def draw(view: View) -> None:
    """Draw the page."""
    models = view.report(
        "rpt_delivery_review_regression",
        "predictor, orders, slope, slope_low, slope_high, r_squared, p_value, log10_p_value,"
        " intercept",
        "order by predictor",
    )
    days = models[models["predictor"] == "days_to_deliver"]
    if not days.empty and days["slope"].iloc[0] is not None:
        (model,) = days.to_dict("records")
        slope, fit, p = (model[name] for name in ("slope", "r_squared", "p_value"))
        likely = "p < 0,000001" if p is not None and not p else f"p = {text_of(p, ',.6f')}"
        scores = view.metrics("review_score", "orders", by=[DAYS], order=[DAYS], everything=True)
        scores = scores.dropna()
        scores = scores[(scores["orders"] >= ENOUGH) & (scores[DAYS] < MOST)]
        card(
            f"A day more goes with {text_of(slope, ',.4f')} stars",
            f"Least squares over delivered orders with a score: R² {text_of(fit, ',.4f')},"
            f" {likely}. A dot is the average of the {ENOUGH} or more orders of a whole day, below"
            f" {MOST} days. Over all orders to date: period and states do not apply.",
            scores,
            dots(DAYS, "review_score", "orders", (float(model["intercept"]), float(slope))),
        )
    card(
        "Regressions: what goes with the score?",
        "Score = intercept + slope · predictor, with the 95 % interval of the slope; over all"
        " orders to date. Correlation is not causation.",
        models,
    )
    left, right = st.columns(2)
    with left:
        spread = view.metrics("delivered_orders", by=[DAYS], order=[DAYS]).dropna()
        usual, orders = first(
            spread.sort_values("delivered_orders")[::-1], DAYS, "delivered_orders"
        )
        card(
            f"Days to deliver: most often {usual}, {orders} orders",
            f"Delivered orders by whole days from purchase to delivery, below {MOST} days.",
            spread[spread[DAYS] < MOST],
            columns(DAYS, "delivered_orders"),
        )
    with right:
        cohorts = view.report(
            "rpt_customer_cohorts",
            "cohort_month, months_since, retention_percent, active_customers, cohort_size",
            "where months_since between 1 and 12 order by cohort_month, months_since",
        )
        chosen = {str(month) for month in view.months}
        card(
            "Cohorts: how many customers come back?",
            "Customers by the month of their first order, and how many of a hundred ordered again"
            " in each month after it. Of the cohorts of the period; states do not apply.",
            cohorts[cohorts["cohort_month"].isin(chosen)],
            squares("cohort_month", "months_since", "retention_percent"),
        )
