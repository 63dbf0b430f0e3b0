"""Delivery: days, promises, lateness, and what lateness does to scores."""

import streamlit as st

from dashboard.cards import bars, card, columns, lines
from dashboard.data import MONTH, STATE, View
from dashboard.text import first, text_of

RULE = (
    "**Late** is an order that was delivered on a later date than promised; an order that has not"
    " been delivered is neither late nor on time."
)
LATE = "order_id__is_late"


def draw(view: View) -> None:
    """Draw the page."""
    st.markdown(RULE)
    months = view.metrics(
        "delivery_calendar_days",
        "promised_days",
        "late_share",
        "delivered_orders",
        by=[MONTH],
        order=[MONTH],
    )
    whole = view.metrics("delivery_calendar_days", "promised_days")
    took, promised = first(whole, *whole.columns)
    card(
        f"Promise against arrival: {took} days, {promised} promised",
        "Average days from purchase to the delivery and to the promised date, of delivered orders.",
        months[[MONTH, "delivery_calendar_days", "promised_days"]],
        lines(MONTH, "delivery_calendar_days", "promised_days"),
    )
    worst, share = first(months.sort_values("late_share", ascending=False), MONTH, "late_share")
    card(
        f"Late share by month: worst in {worst}, {share}",
        "Late orders as a share of delivered ones, by the month of purchase.",
        months[[MONTH, "late_share", "delivered_orders"]],
        columns(MONTH, "late_share"),
    )
    left, right = st.columns(2)
    states = view.metrics(
        "delivery_days",
        "late_share",
        "delivered_orders",
        by=[STATE],
        order=["-delivery_days", STATE],
    ).dropna(subset=["delivery_days"])
    with left:
        card(
            f"Days by state: {first(states, STATE)[0]}"
            f" {'alone' if len(states) == 1 else 'waits longest'}",
            "Average days from purchase to delivery, fractions kept, by where orders were sent.",
            states,
            bars(STATE, "delivery_days"),
        )
    with right:
        bands = view.report(
            "rpt_delivery_by_distance",
            "distance_band, average_days, median_days, late_share, average_freight, parcels",
            "order by average_distance_km",
        )
        card(
            "Days by distance: how much longer is farther?",
            "Parcels by the great circle between seller and customer."
            " Over all orders to date: period and states do not apply.",
            bands,
            bars("distance_band", "average_days"),
        )
        scores = view.metrics("review_score", "orders", by=[LATE], order=[LATE])
        scores = scores.dropna(subset=[LATE, "review_score"])
        scores[LATE] = ["late" if late else "on time" for late in scores[LATE]]
        told = [f"{text_of(star)} {how}" for how, star, _ in scores.itertuples(index=False)]
        card(
            f"Scores: {', '.join(told)}",
            "Average review score of orders delivered late and on time.",
            scores,
            bars(LATE, "review_score"),
        )
