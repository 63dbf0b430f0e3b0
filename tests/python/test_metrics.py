"""Metrics in process: what a question gives, how it is refused, and MetricFlow's private names."""

import csv
import importlib.metadata
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from loaders.cli import main
from loaders.errors import LoaderError
from loaders.paths import project_root
from warehouse import Rows, Warehouse

pytest.importorskip("metricflow", reason="MetricFlow is not installed: make semantic")
import metrics

REVENUE_BY_STATE = """\
-- Join Standard Outputs
-- Select: ['__revenue', 'customer_geography__state_code']
-- Select: ['__revenue', 'customer_geography__state_code']
-- Aggregate Inputs for Simple Metrics
-- Compute Metrics via Expressions
-- Order By ['revenue', 'customer_geography__state_code'] Limit 3
-- Write to DataTable
SELECT
  customer_geographies_src_10000.state_code AS customer_geography__state_code
  , SUM(order_items_src_10000.price) AS revenue
FROM "marts"."fct_order_items" order_items_src_10000
LEFT OUTER JOIN
  "marts"."dim_geographies" customer_geographies_src_10000
ON
  order_items_src_10000.customer_geography_key = customer_geographies_src_10000.geography_key
GROUP BY
  customer_geographies_src_10000.state_code
ORDER BY revenue DESC NULLS LAST, customer_geography__state_code
LIMIT 3"""
MONTH, STATE = "metric_time__month", "customer_geography__state_code"


@pytest.fixture(autouse=True)
def here(built: Warehouse) -> Iterator[None]:
    """The warehouse is the one in use."""
    with built.environment():
        yield


def test_metricflow_is_the_one_whose_private_names_we_know() -> None:
    """Another version may have moved them: read metrics/engine.py, then change both."""
    assert importlib.metadata.version("metricflow").startswith("0.213.")
    assert metrics.sql(("revenue",), (STATE,), limit=3) == REVENUE_BY_STATE


def test_every_metric_is_listed_with_what_it_is(built: Warehouse) -> None:
    listed = metrics.metrics()
    assert len(listed) > 50
    assert all(one.label and one.description and one.unit and one.format for one in listed)
    assert {one.name: one.format for one in listed}["revenue"] == "$,.2f"
    named = {one.name: one.label for one in metrics.dimensions("revenue", "orders")}
    assert named[STATE] == "State"
    assert "product__category_name" not in named


def test_every_dimension_is_documented() -> None:
    page = (project_root() / "docs" / "semantic-layer.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", page.partition("## Dimensions")[2], re.M)
    documented = {
        f"{entity}__{name}" for entity, row in rows for name in re.findall(r"`(\w+)`", row)
    }
    there = {name.name for one in metrics.metrics() for name in metrics.dimensions(one.name)}
    assert there - {"metric_time__day"} == documented


@pytest.mark.parametrize(
    ("question", "query"),
    [
        (
            {"by": [MONTH], "order": (MONTH,)},
            "select {month}, sum(price) from {all} group by 1 order by 1",
        ),
        (
            {"by": [STATE], "order": ("-revenue",), "limit": 3},
            "select state_code, sum(price) from {all} group by 1 order by 2 desc limit 3",
        ),
        (
            {"by": [STATE], "limit": 3},
            "select state_code, sum(price) from {all} group by 1 order by 2 desc, 1 limit 3",
        ),
        (
            {"by": [STATE, MONTH]},
            "select state_code, {month}, sum(price) from {all} group by 1, 2 order by 2, 3 desc, 1",
        ),
        (
            {"by": ["order_id__delivered_on__month"]},
            "select date_trunc('month', delivered_at), sum(price) from {all}"
            " inner join marts.fct_orders using (order_id) group by 1 order by 1",
        ),
        (
            {"by": [MONTH, "order_id__is_late"], "order": ("-order_id__is_late", f"-{MONTH}")},
            "select {month}, is_late, sum(price) from {all} left join marts.fct_orders"
            " using (order_id) group by 1, 2 order by 2 desc nulls last, 1 desc nulls last",
        ),
        (
            {"start": "2017-03-01", "end": "2017-03-31"},
            "select sum(price) from {all} where year_month = '2017-03'",
        ),
        (
            {"where": (metrics.among(STATE, ["SP", "RJ"]),)},
            "select sum(price) from {all} where state_code in ('SP', 'RJ')",
        ),
        ({"where": (metrics.among(STATE, ["it's", "{{ x }}", "%s"]),)}, "select null"),
    ],
)
def test_a_question_gives_what_sql_gives(
    built: Warehouse, question: dict[str, Any], query: str
) -> None:
    parts = {
        "month": "to_date(year_month, 'YYYY-MM')::timestamp",
        "all": "marts.fct_order_items inner join marts.dim_geographies"
        " on geography_key = customer_geography_key"
        " inner join marts.dim_dates on date_key = purchased_date_key",
    }
    answer = metrics.query(["revenue"], **question)
    assert answer.rows == built.query(query.format(**parts))
    assert answer.columns == (*question.get("by", ()), "revenue")
    assert answer.newest["built_batch_id"] == 1


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ({"metrics": ["revenu"]}, "no metric 'revenu'; the nearest is 'revenue'"),
        ({"metrics": ["revenue_usd"]}, "'revenue_usd' is optional, and not built: land exchange"),
        ({"metrics": ["revenue"], "by": ["product__category"]}, "'product__category_name'"),
        (
            {"metrics": ["orders"], "by": ["product__category_name"]},
            "orders cannot be grouped or filtered by 'product__category_name'; orders_with_items, ",
        ),
        (  # as its description and docs/semantic-layer.md say
            {"metrics": ["revenue", "average_order_value"], "by": ["product__category_name"]},
            "average_order_value cannot be grouped or filtered by 'product__category_name';"
            " revenue_per_order, ",
        ),
        ({"metrics": ["revenue"], "by": ["nonsense", MONTH]}, "no dimension 'nonsense'"),
        ({"by": ["nonsense"]}, "no dimension 'nonsense'"),
        ({"metrics": ["orders"], "by": ["metric_time__moth"]}, "nearest is 'metric_time"),
        ({"metrics": ["orders"], "order": ("revenue",)}, "'revenue'"),
        ({"metrics": ["orders"], "where": ("{{ Dimension('state') }} = 'SP'",)}, "'state'"),
        ({"metrics": ["orders"], "where": ("{{ nonsense",)}, "MetricFlow cannot make SQL"),
        (
            {"metrics": ["orders"], "where": ("{{ Dimension('order_id__order_status') }} = sent",)},
            'column "sent" does not exist: write texts of a condition in single quotes',
        ),
        ({"saved": "monthly"}, "the nearest is 'monthly_sales'"),
    ],
)
def test_a_question_without_an_answer_is_one_sentence(question: dict[str, Any], words: str) -> None:
    with pytest.raises(LoaderError) as told:
        metrics.query(**question)
    assert words in str(told.value)
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 300


def test_a_target_that_another_version_built() -> None:
    with pytest.raises(LoaderError) as told, metrics.reading() as cursor:
        cursor.execute("select coupon_value from marts.fct_orders")
    assert 'column "coupon_value" does not exist: ' in str(told.value)
    assert "built by another version of the project: run 'dbt build' in it" in str(told.value)


def test_all_is_read_in_one_transaction_that_cannot_write() -> None:
    with metrics.reading() as cursor:
        for name, value in (("read_only", "on"), ("isolation", "repeatable read")):
            cursor.execute(f"show transaction_{name}")
            assert cursor.fetchone() == (value,)


def test_the_command_line_prints_explains_and_writes(
    built: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(*arguments: str) -> str:
        assert main(["mf", "query", *arguments]) == 0
        return capsys.readouterr().out

    by_month = ("--metrics", "orders,late_share", "--group-by", MONTH, "--order", MONTH)
    table = told(*by_month, "--limit", "2", "--start-time", "2017-02-01")
    assert table.splitlines()[0].split() == [MONTH, "orders", "late_share"]
    assert len(table.splitlines()) == 6
    assert '"marts"."fct_orders"' in told(*by_month, "--explain")
    both = ("--metrics", "revenue,late_share")
    assert _decimals(told(*both)) == [2, 4]
    assert _decimals(told(*both, "--decimals", "1")) == [1, 1]
    assert "Sudeste" in told("--saved-query", "sales_by_route")
    rows = [*csv.reader(io.StringIO(told("--metrics", "revenue", "--csv", "-")))]
    assert rows == [
        ["revenue"],
        [str(_one(built.query("select sum(price) from marts.fct_order_items")))],
    ]
    assert main(["mf", "query", "--metrics", "orders", "--csv", "-", "--decimals", "1"]) == 2
    assert "--decimals is for the table" in capsys.readouterr().err
    assert main(["metrics"]) == 0
    listed = capsys.readouterr().out
    assert "late_share" in listed
    assert re.search(r"^sales_by_route +saved query +Sales by route: Revenue and fr", listed, re.M)
    assert listed.count("  saved query  ") == len(metrics.saved_queries()) > 10
    assert main(["metrics", "payments"]) == 0
    assert "payment__installments" in capsys.readouterr().out
    assert main(["mf", "query", "--metrics", "revenu"]) == 1
    assert "the nearest is 'revenue'" in capsys.readouterr().err


def _decimals(table: str) -> list[int]:
    return [len(cell.partition(".")[2]) for cell in table.splitlines()[2].split()]


def _one(rows: Rows) -> object:
    ((value,),) = rows
    return value


def test_the_notebook_runs_and_its_figures_are_those_of_sql(built: Warehouse) -> None:
    notebook = json.loads((project_root() / "notebooks" / "first_look.ipynb").read_text("utf-8"))
    found: dict[str, Any] = {}
    for cell in notebook["cells"]:
        assert not cell.get("outputs"), "strip the outputs"
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), found)  # noqa: S102 - it is ours
    assert [*found["monthly"]["revenue"].dropna()] == [
        value
        for (value,) in built.query(
            "select revenue from reports.rpt_monthly_sales where revenue > 0 order by year_month"
        )
    ]
    late = found["late"].set_index("customer_geography__state_code")["delivered_orders"].to_dict()
    assert late == dict(
        built.query(
            "select state_code, count(*) filter (where is_delivered) from marts.fct_orders"
            " inner join marts.dim_geographies on geography_key = customer_geography_key group by 1"
        )
    )
