"""The dashboard in a real browser: figures, accessibility, addresses, errors, caches, a crowd."""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import administer, temporary_database
from loaders.connection import connect
from raw_sql import REPORTS, raw_sql
from warehouse import NO_TESTS, Warehouse

pytest.importorskip("streamlit", reason="the dashboard is not installed: make dashboard")
pytest.importorskip("axe_playwright_python", reason="the browser's driver is not installed")
from axe_playwright_python.sync_playwright import Axe

import metrics
from dashboard.text import format_of, text_of
from tests.browser import (
    CHROMIUM,
    PAGES,
    address_of,
    chromium,
    click_at_once,
    csv_of,
    look,
    served,
    settle,
    tables,
)

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no Chromium here: .ci/servers installs Debian's"
)
EXPECTED = yaml.safe_load(Path(__file__).with_name("dashboard.yml").read_text("utf-8"))
FILTERS: dict[str, dict[str, list[str]]] = {
    "all": {"from": ["09/2016"], "to": ["10/2018"]},
    "a quarter of a state": {"from": ["01/2018"], "to": ["03/2018"], "state": ["SP"]},
    "two states and categories": {
        "from": ["06/2017"],
        "to": ["11/2017"],
        "state": ["MG", "RJ"],
        "category": ["bed_bath_table", "health_beauty"],
    },
}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
MEGABYTES_OF_FIRST_LOAD = 5


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def dashboard(built: Warehouse) -> Iterator[str]:
    """A dashboard on the sample."""
    with served(built.variables) as address:
        yield address


@pytest.fixture(scope="module")
def both(sample_and_real: Warehouse) -> Iterator[tuple[Warehouse, str]]:
    """A warehouse, of the sample and of the real data, and a dashboard on it."""
    with sample_and_real.environment(), connect(autocommit=True) as link, link.cursor() as cursor:
        cursor.execute("vacuum")  # autovacuum would add to sizes that a page has shown already
    with served(sample_and_real.variables) as address:
        yield sample_and_real, address


def _conditions(chosen: dict[str, list[str]]) -> dict[str, str]:
    def among(column: str, names: list[str]) -> str:
        return f"{column} = any('{{{','.join(names)}}}')" if names else "true"

    first, last = (f"'{value[3:]}-{value[:2]}-01'" for (value,) in (chosen["from"], chosen["to"]))
    categories = chosen.get("category", [])
    return {
        "period": f"month between {first} and {last}",
        "cohorts": f"cohort_month between left({first}, 7) and left({last}, 7)",
        "states": among("state", chosen.get("state", [])),
        "categories": among("category", categories),
        "named": among("category_name", categories),
        "first": among("first_category", categories),
        "second": among("second_category", categories),
    }


def _expected(cursor: Any, query: str, chosen: dict[str, list[str]]) -> list[list[str]]:
    cursor.execute(_sql(query).format(**_conditions(chosen)))
    names = [column.name for column in cursor.description]
    return [
        [text_of(value, format_of(name)) for name, value in zip(names, row, strict=True)]
        for row in cursor.fetchmany(30)
    ]


def _sql(query: str) -> str:
    """A query of dashboard.yml, with the shared queries on raw that it names."""
    shared = re.compile(r"\{\{ (report|part)\('(\w+)'\) \}\}")
    files = {"report": "{}.raw.sql", "part": "parts/{}.raw.sql"}
    return shared.sub(
        lambda match: (
            "("
            + raw_sql(REPORTS / files[match[1]].format(match[2]))
            .replace("{", "{{")
            .replace("}", "}}")
            + f") as {match[2]}"
        ),
        query,
    )


def test_invoices_are_live_where_there_are_some(
    built: Warehouse, dashboard: str, page: Any
) -> None:
    """The overview shows them, and looks again by itself."""
    built.query(
        "create table reports.rpt_recent_invoices as select period,"
        " timestamp '2018-03-31 10:30:00' as period_starts_at, 1234 as invoice_count,"
        " 99.5 as total_value from unnest(array['minute', 'hour', 'day']) as period;"
        # another build, for which caches wait
        "update staging._pin set built_at = now()",
        fetch=False,
    )
    try:
        look(page, address_of(dashboard, "overview", FILTERS["all"]))
        figures = page.locator("[data-testid=stMetric]").all_inner_texts()
        assert figures[0].split() == ["Last", "60", "minutes", "1.234", "R$", "99,50"]
        assert len(figures) == 9
        built.query(
            "update reports.rpt_recent_invoices set invoice_count = 1235;"
            "update staging._pin set built_at = now()",
            fetch=False,
        )
        page.get_by_text("1.235").first.wait_for(timeout=60_000)
    finally:
        built.query(
            "drop table reports.rpt_recent_invoices;update staging._pin set built_at = now()",
            fetch=False,
        )


@pytest.mark.parametrize("chosen", FILTERS.values(), ids=FILTERS)
def test_every_figure_is_what_sql_on_raw_says(
    both: tuple[Warehouse, str], page: Any, chosen: dict[str, list[str]]
) -> None:
    """Read out of the browser; the six figures of the overview also from the semantic layer."""
    warehouse, dashboard = both
    with warehouse.environment(), connect() as link, link.cursor() as cursor:
        for name, query in EXPECTED["tables"].items():
            cursor.execute(
                f"create temporary table {name} on commit drop as {_sql(query).format()}"
            )
            cursor.execute(f"analyze {name}")
        differing, cards = {}, 0
        for name in PAGES:
            look(page, address_of(dashboard, name, chosen))
            shown = tables(page)
            expected = EXPECTED["cards"][name]
            assert len(shown) == len(expected), (name, [*shown])
            for title, query in expected.items():
                (rows,) = (rows for known, rows in shown.items() if known.startswith(title))
                theirs = _expected(cursor, query, chosen)
                if rows[1:] != theirs:
                    differing[title] = [
                        pair for pair in zip(rows[1:], theirs, strict=False) if pair[0] != pair[1]
                    ][:3] or (len(rows) - 1, len(theirs))
                cards += bool(theirs)
        assert differing == {}
        assert cards > 20
        look(page, address_of(dashboard, "overview", chosen))
        figures = page.locator("[data-testid=stMetricValue]").all_inner_texts()
        assert [figures] == _expected(cursor, EXPECTED["figures"], chosen)
        where = (metrics.among("customer_geography__state_code", chosen.get("state", [])),)
        first, last = (value[3:] + "-" + value[:2] for (value,) in (chosen["from"], chosen["to"]))
        names = [column.name for column in cursor.description or ()]
        answer = metrics.query(
            names,
            where=where if "state" in chosen else (),
            start=f"{first}-01",
            end=_last_day(last),
        )
        assert figures == [
            text_of(value, format_of(name))
            for name, value in zip(names, answer.rows[0], strict=True)
        ]


def _last_day(month: str) -> str:
    import pandas as pd  # noqa: PLC0415

    return str(pd.Period(month, "M").end_time.date())


def test_the_csv_has_what_the_table_shows(dashboard: str, page: Any, tmp_path: Path) -> None:
    look(page, address_of(dashboard, "overview", FILTERS["all"]))
    lines = csv_of(page, "States: ", tmp_path).splitlines()
    (table,) = (rows for title, rows in tables(page).items() if title.startswith("States: "))
    assert lines[0] == "customer_geography__state_code,revenue,orders_with_items"
    assert [line.split(",")[0] for line in lines[1:]] == [row[0] for row in table[1:]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_everybody_can_use_every_page(
    dashboard: str, browser: Any, width: int, scheme: str
) -> None:
    """No violation of axe, charts and tables open; nothing to scroll sideways."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page, found = context.new_page(), []
    for name in PAGES:
        look(page, address_of(dashboard, name, FILTERS["all"]))
        for opened in ("charts", "tables"):
            if opened == "tables":
                for tab in page.get_by_role("tab", name="Table").all():
                    tab.click()
                settle(page)
            options = {"runOnly": RULES, "resultTypes": ["violations"]}
            violations = Axe().run(page, options=options).response["violations"]
            found += [(name, opened, one["id"], one["nodes"][0]["html"]) for one in violations]
            wide = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
            assert wide <= width, (name, opened)
    context.close()
    assert found == []


def test_the_whole_walk_by_keyboard(dashboard: str, page: Any) -> None:
    look(page, dashboard)
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                "(() => { const e = document.activeElement;"
                " return e.getAttribute('aria-label') || e.innerText || e.tagName })()"
            )
        )
    text = "\n".join(reached)
    for name in (*(name.capitalize() for name in PAGES), "From", "To", "States", "Chart"):
        assert name in text, (name, reached)
    page.get_by_role("tab", name="Chart").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Download CSV"
    page.get_by_role("link", name="Delivery").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/delivery**")
    settle(page)
    assert "on a later date than promised" in page.inner_text("[data-testid=stMain]")


def test_a_first_load_is_light(dashboard: str, browser: Any) -> None:
    context = browser.new_context()
    page = context.new_page()
    session = context.new_cdp_session(page)
    sizes: list[float] = []
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    session.on(
        "Network.webSocketFrameReceived",
        lambda event: sizes.append(len(event["response"]["payloadData"]) * 0.75),
    )
    look(page, dashboard)
    context.close()
    assert 0.5 < sum(sizes) / 1e6 <= MEGABYTES_OF_FIRST_LOAD


def test_filters_live_in_theaddress_of(dashboard: str, page: Any) -> None:
    look(page, address_of(dashboard, "delivery", FILTERS["a quarter of a state"]))
    assert "01/2018" in page.inner_text("[data-testid=stMain]")
    days = next(rows for title, rows in tables(page).items() if title.startswith("Days by state"))
    assert [row[0] for row in days[1:]] == ["SP"]
    page.get_by_role("link", name="Geographic").click()
    page.wait_for_url("**/geographic**")
    settle(page)
    query = page.url.partition("?")[2].replace("%2F", "/")
    assert {"from=01/2018", "to=03/2018", "state=SP"} <= {*query.split("&")}


def _sentence(page: Any, address: str) -> str:
    page.goto(address)
    settle(page)
    text: str = page.inner_text("[data-testid=stMain]")
    assert "Traceback" not in text
    assert "Error" not in text
    return text


def test_what_is_wrong_is_one_sentence(
    built: Warehouse, postgres: dict[str, str], template: str, page: Any, browser: Any
) -> None:
    administer(postgres, "drop role if exists {}", "olist_test_nobody")
    administer(postgres, "create role {} login password 'nobody'", "olist_test_nobody")
    with ExitStack() as stack:
        empty = stack.enter_context(temporary_database(postgres))
        landed = stack.enter_context(temporary_database(postgres, template=template))
        Warehouse(landed, built.folder).query("drop schema marts, reports cascade", fetch=False)
        nobody = {"PGUSER": "olist_test_nobody", "PGPASSWORD": "nobody"}
        nothing = "Nothing has been built yet, only a part of the target, or raw was dropped since:"
        nothing += " run 'dbt build', after 'olist land' or 'olist replay' where nothing has landed"
        for variables, words in (
            ({**postgres, "PGPORT": "1"}, "cannot be used"),
            (empty, nothing),
            (landed, nothing),
            ({**built.variables, **nobody}, "ermission denied"),
        ):
            with served(variables) as address:
                for name in ("overview", "quality"):
                    assert words in _sentence(page, address_of(address, name)), words
    administer(postgres, "drop role {}", "olist_test_nobody")


def test_a_period_without_orders_is_said(built: Warehouse, dashboard: str, page: Any) -> None:
    ((state, month),) = built.query(
        "select state_code, to_char(month_starts_on, 'MM/YYYY')"
        " from (select distinct state_code from marts.dim_geographies) as s"
        " cross join reports.rpt_monthly_sales as m where not exists (select from marts.fct_orders"
        " inner join marts.dim_geographies as g on g.geography_key = customer_geography_key"
        " where g.state_code = s.state_code"
        " and date_trunc('month', purchased_at) = m.month_starts_on)"
        " and exists (select from marts.fct_orders"
        " inner join marts.dim_geographies as g on g.geography_key = customer_geography_key"
        " where g.state_code = s.state_code"
        " and purchased_at >= (select max(month_starts_on) - interval '11 months'"
        " from reports.rpt_monthly_sales where is_complete)) order by 2, 1 limit 1"
    )
    chosen = {"from": [month], "to": [month], "state": [state]}
    for name in PAGES[:5]:
        text = _sentence(page, address_of(dashboard, name, chosen))
        assert f"There are no orders from {month} to {month} in {state}." in text
    text = _sentence(
        page, address_of(dashboard, "overview", {"from": ["02/2018"], "to": ["01/2018"]})
    )
    assert "The period ends in 01/2018, before it begins in 02/2018." in text


def test_a_load_and_a_build_show_on_the_next_click_and_nothing_is_asked_twice(
    named: Any, template: str, history: tuple[Path, Path], page: Any
) -> None:
    """The server's log has all that the dashboard asks."""
    log = Path(os.environ.get("OLIST_HOME", "")) / ".postgres" / "server.log"
    with ExitStack() as stack:
        warehouse = stack.enter_context(named("second", template))
        logged = {**warehouse.variables, "PGOPTIONS": "-c log_statement=all"}
        address = stack.enter_context(served(logged))
        look(page, address)
        assert "Data as of batch 1," in page.inner_text("[data-testid=stMain]")
        look(page, address)
        assert log.exists() or "PGHOST" in os.environ
        if log.exists():  # of the embedded server
            before = log.stat().st_size
            look(page, address)
            asked = re.findall(r"statement: (.*)", log.read_text("utf-8")[before:])
            asked = [one for one in asked if not one.startswith(("BEGIN", "COMMIT", "ROLLBACK"))]
            assert {*asked} == {"select * from reports.rpt_freshness"}
        orders = page.locator("[data-testid=stMetricValue]").first.inner_text()
        warehouse.land(history[1])
        warehouse.dbt("build", *NO_TESTS)
        page.get_by_role("link", name="Quality").click()
        page.wait_for_url("**/quality**")
        settle(page)
        assert "Data as of batch 2," in page.inner_text("[data-testid=stMain]")
        page.get_by_role("link", name="Overview").click()
        settle(page)
        page.wait_for_function("document.querySelector('[data-testid=stMetricValue]')")
        settle(page)
        assert page.locator("[data-testid=stMetricValue]").first.inner_text() != orders


def test_fifty_people_click_at_once(dashboard: str, browser: Any) -> None:
    taken = sorted(click_at_once(browser, dashboard, people=50))
    print(f"p95: {taken[-3]:.1f} s")
    assert len(taken) == 50
