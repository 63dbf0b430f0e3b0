"""Geographic: states on a map, states and cities ranked."""

import streamlit as st

from dashboard.cards import BRAZIL, bars, brazil, card
from dashboard.data import STATE, View
from dashboard.text import first, label_of

CITY = "customer_geography__city"
FIGURES = ("revenue", "orders", "delivery_days")


def draw(view: View) -> None:
    """Draw the page."""
    name = st.selectbox(
        "Show", [label_of(name) for name in FIGURES], key="show", bind="query-params"
    )
    figure = next(one for one in FIGURES if label_of(one) == name)
    states = view.metrics(*FIGURES, by=[STATE], order=[f"-{figure}", STATE])
    states = states.dropna(subset=[figure])
    top, value = first(states, STATE, figure)
    left, right = st.columns(2)
    with left:
        card(
            f"Map: {top} has the most, {value}",
            f"{name} by the state that orders were sent to. Boundaries: "
            f"[@svg-maps/brazil]({BRAZIL['source'].split()[0]}), by Victor Cazanave, CC BY 4.0.",
            states,
            brazil(STATE, figure),
        )
    with right:
        card(
            f"States by {name.lower()}: {top} leads",
            "All states with an order in the period.",
            states,
            bars(STATE, figure),
        )
    cities = view.metrics(*FIGURES, by=[CITY, STATE], order=[f"-{figure}", CITY, STATE], limit=20)
    if figure != "delivery_days":  # a city with one slow order would lead
        city, state = first(cities, CITY, STATE)
        card(
            f"Cities by {name.lower()}: {city} ({state}) leads",
            "The twenty largest; names of cities repeat among states.",
            cities,
            bars(CITY, figure),
        )
