"""The dashboard in a browser: the first chart after its server has started, and the next page.

Nothing is cached by either: server and browser are new each time. A chart counts when it is drawn
on the page. The reference is a Streamlit page of two lines with one chart of three fixed values:
what Streamlit itself takes to load and draw. Then 50 people, each with the page open, go to
another one at the same moment.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from benchmarks.dbt import NO_TESTS, dbt
from benchmarks.measure import Measure, seconds
from benchmarks.settings import Settings
from loaders.connection import environment
from loaders.errors import LoaderError
from loaders.packages import install
from tests.browser import CHROMIUM, chromium, click_at_once, served

_ONE_CHART = """\
import streamlit
streamlit.bar_chart([1, 2, 3])
"""
CHART = "[data-testid=stVegaLiteChart] .marks"


def measures(settings: Settings) -> Sequence[Measure]:
    """Land and build once, then look."""
    if CHROMIUM is None or find_spec("playwright") is None:
        raise LoaderError("it needs 'make dashboard', and a Chromium ('.ci/servers').")
    install(retry=False, say=lambda _: None)
    first, following, plain = [], [], []
    one_chart = settings.scratch / "one_chart.py"
    one_chart.write_text(_ONE_CHART, "utf-8")
    streamlit = ("streamlit", "run", str(one_chart), "--server.headless=true")
    with settings.database():
        settings.land(settings.data)
        dbt(settings.scratch / "dashboard", "build", *NO_TESTS)
        for _ in range(settings.repeats):
            with served(environment()) as dashboard, chromium() as browser:
                page = browser.new_page()
                first.append(seconds(lambda: _first(page, dashboard)))  # noqa: B023 - at once
                following.append(seconds(lambda: _following(page)))  # noqa: B023
            with (
                served({}, *streamlit, port_option="--server.port") as dashboard,
                chromium() as browser,
            ):
                page = browser.new_page()
                plain.append(seconds(lambda: _first(page, dashboard)))  # noqa: B023
        with served(environment()) as dashboard, chromium() as browser:
            taken = click_at_once(browser, dashboard, people=50)
    return [
        Measure("first chart", tuple(first), limit=2),
        Measure("the same", tuple(first), "a Streamlit page with one chart", tuple(plain)),
        Measure("next page", tuple(following), limit=0.5),
        Measure("50 people at once, each", tuple(taken)),
        Measure("the slowest but two of them", (sorted(taken)[-3],)),
    ]


def _first(page: Any, dashboard: str) -> None:
    page.goto(dashboard)
    page.wait_for_selector(CHART)


def _following(page: Any) -> None:
    page.get_by_role("link", name="Delivery").click()
    page.wait_for_function(
        "document.querySelector('h1')?.textContent.startsWith('Does it arrive')"
        f" && document.querySelector('{CHART}')"
    )
