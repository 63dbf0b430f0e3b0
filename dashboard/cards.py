"""A card: title, text, chart, and the same rows as a table and as CSV; and the kinds of charts."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.text import LOCALE, MONTH, format_of, label_of, text_of
from loaders.errors import sentence_of

Draw = Callable[[pd.DataFrame], alt.Chart | alt.LayerChart]
BRAZIL = json.loads(Path(__file__).with_name("brazil.json").read_text("utf-8"))
_ROWS = 30  # of a table; CSV has all
STYLE = """<style>
    div:has(> table.figures) { overflow-x: auto; }
    table.figures { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
    table.figures :is(td, th) { padding: 0.3rem 0.6rem; text-align: left; }
    table.figures tr { border-bottom: 1px solid #8888; }
</style>"""
_ORANGE = "#c2641a"


@contextmanager
def errors_on_the_page() -> Iterator[None]:
    """Show an error that a reader can do something about as a sentence, in place of what failed."""
    try:
        yield
    except Exception as error:
        if (sentence := sentence_of(error)) is None:
            raise
        st.error(sentence[0].upper() + sentence[1:])


def card(title: str, about: str, frame: pd.DataFrame, draw: Draw | None = None) -> None:
    """Show rows as a table and as CSV, and, where ``draw`` is given, first as a chart."""
    with st.container(border=True):
        st.header(_as_it_is(title), anchor=False)
        st.markdown(about)
        if frame.empty:
            st.markdown("There is nothing to show.")
            return
        table = st.container()
        if draw:
            chart, table = st.tabs(["Chart", "Table"])
            drawn = draw(frame).configure(locale=LOCALE)
            chart.altair_chart(drawn, width="stretch", alt=f"{title}. {about}")
        shown = {
            label_of(name): [text_of(value, format_of(name)) for value in frame[name][:_ROWS]]
            for name in frame.columns
        }
        rows = pd.DataFrame(shown).to_html(index=False, border=0, classes="figures")
        # Streamlit's own table scrolls from side to side on a phone, but not by keyboard.
        table.html(f'<div tabindex="0" role="region" aria-label="{escape(title)}">{rows}</div>')
        if len(frame) > _ROWS:
            table.markdown(f"These are the first {_ROWS} of {len(frame)} rows; the CSV has all.")
        csv, file = frame.to_csv(index=False).encode(), f"{title.partition(':')[0]}.csv"
        table.download_button("Download CSV", csv, file, "text/csv", key=title)


def _as_it_is(text: str) -> str:
    """Text in which nothing is Markdown to Streamlit."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)


def bars(name: str, figure: str) -> Draw:
    """A bar for each row, from left to right, in the order of the rows."""

    def draw(frame: pd.DataFrame) -> alt.Chart:
        chart = alt.Chart(_plain(frame), height=alt.Step(22)).mark_bar()
        across = alt.X(figure, **_axis(figure))
        axis = alt.Axis(labelLimit=140, labelOverlap=False)
        return chart.encode(
            x=across,
            y=alt.Y(name, type="nominal", sort=None, title=None, axis=axis),
            tooltip=_tooltip(frame),
        )

    return draw


def columns(name: str, figure: str) -> Draw:
    """A column for each row, in the order of the rows."""

    def draw(frame: pd.DataFrame) -> alt.Chart:
        return (
            alt.Chart(_plain(frame), height=260)
            .mark_bar()
            .encode(x=_ordered(name), y=alt.Y(figure, **_axis(figure)), tooltip=_tooltip(frame))
        )

    return draw


def lines(name: str, *figures: str) -> Draw:
    """A line for each figure."""

    def draw(frame: pd.DataFrame) -> alt.Chart:
        data = _plain(frame).rename(columns={one: label_of(one) for one in figures})
        chart = alt.Chart(data, height=260).transform_fold([label_of(one) for one in figures])
        which = alt.Color("key:N", title=None, legend=alt.Legend(orient="top", labelLimit=300))
        return chart.mark_line(point=True).encode(
            x=_ordered(name),
            y=alt.Y("value", **_axis(figures[0])),
            color=which,
            strokeDash=alt.StrokeDash("key:N", title=None, legend=None),
            tooltip=[name, alt.Tooltip("value:Q", format=format_of(figures[0])), "key:N"],
        )

    return draw


def dots(across: str, up: str, size: str, trend: tuple[float, float] | None = None) -> Draw:
    """A dot for each row; and the line ``trend``: its intercept and its slope."""

    def draw(frame: pd.DataFrame) -> alt.LayerChart:
        data = _plain(frame)
        y = alt.Y(up, **{**_axis(up), "scale": alt.Scale(zero=False)})
        big = alt.Size(size, type="quantitative", title=label_of(size), legend=None)
        points = (
            alt.Chart(data, height=320)
            .mark_circle(opacity=0.7)
            .encode(x=alt.X(across, **_axis(across)), y=y, size=big, tooltip=_tooltip(frame))
        )
        layers = [points]
        if trend:
            ends = pd.DataFrame({across: [data[across].min(), data[across].max()]})
            ends[up] = trend[0] + trend[1] * ends[across]
            line = alt.Chart(ends).mark_line(color=_ORANGE, strokeWidth=3)
            layers.append(line.encode(x=alt.X(across, **_axis(across)), y=y))
        return alt.layer(*layers)

    return draw


def squares(down: str, across: str, figure: str) -> Draw:
    """A square for each row, the darker the more."""

    def draw(frame: pd.DataFrame) -> alt.Chart:
        color = alt.Color(figure, type="quantitative", title=None, scale=alt.Scale(scheme="blues"))
        return (
            alt.Chart(_plain(frame), height=alt.Step(18))
            .mark_rect()
            .encode(
                x=_ordered(across),
                y=alt.Y(down, type="ordinal", sort=None, title=None),
                color=color,
                tooltip=_tooltip(frame),
            )
        )

    return draw


def brazil(state: str, figure: str) -> Draw:
    """States on a map, the darker the more."""
    states = pd.DataFrame(BRAZIL["states"]).T.rename_axis(state).reset_index()
    left, top, across, down = map(float, BRAZIL["viewBox"].split())

    def draw(frame: pd.DataFrame) -> alt.Chart:
        data = states.merge(_plain(frame), on=state)
        # A state is a symbol of its own, drawn at the corner; of size 4 it is as it is written.
        size = alt.expr(f"4 * pow(min(width / {across - left}, height / {down - top}), 2)")
        chart = alt.Chart(data, height=500).mark_point(size=size, strokeWidth=0.5, opacity=1)
        color = alt.Scale(scheme="blues")
        return chart.encode(
            x=alt.value(0),
            y=alt.value(0),
            shape=alt.Shape("path", type="nominal", scale=None),
            fill=alt.Fill(
                figure,
                type="quantitative",
                title=label_of(figure),
                scale=color,
                legend=alt.Legend(orient="bottom", format=_short(figure)),
            ),
            stroke=alt.value("#888888"),
            tooltip=["name", *_tooltip(frame)],
        ).configure_view(strokeWidth=0)

    return draw


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows as charts take them: decimals as floats, months as text."""
    data = frame.copy()
    for name in data.columns:
        if format_of(name) == MONTH:
            data[name] = [text_of(value, MONTH) for value in data[name]]
        else:
            with_numbers = pd.to_numeric(data[name], errors="coerce")
            if with_numbers.notna().any():
                data[name] = with_numbers
    return data


def _ordered(name: str) -> alt.X:
    axis = alt.Axis(labelOverlap=True)
    return alt.X(name, type="ordinal", sort=None, title=label_of(name), axis=axis)


def _axis(figure: str) -> dict[str, Any]:
    return {
        "type": "quantitative",
        "title": label_of(figure),
        "axis": alt.Axis(format=_short(figure)),
    }


def _short(figure: str) -> str:
    """Its format beside an axis: thousands of reais are R$ 1k."""
    return format_of(figure).replace("$,.2f", "$.3~s")


def _tooltip(frame: pd.DataFrame) -> list[alt.Tooltip]:
    data, found = _plain(frame), []
    for name in frame.columns:
        is_number = pd.api.types.is_numeric_dtype(data[name])
        form = {"format": format_of(name)} if is_number else {}
        kind = "quantitative" if is_number else "nominal"
        found.append(alt.Tooltip(name, type=kind, title=label_of(name), **form))
    return found
