"""Every metric gives what SQL gives, by every dimension. `make semantic` installs MetricFlow."""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml

from loaders.paths import project_root
from warehouse import Warehouse

pytest.importorskip("metricflow", reason="MetricFlow is not installed: make semantic")
from metrics.engine import Engine

Cells = dict[tuple[str, ...], float]
TABLE = yaml.safe_load(Path(__file__).with_name("metrics.yml").read_text("utf-8"))
SOURCE_OF = {metric: source for source, metrics in TABLE["metrics"].items() for metric in metrics}
OVER_TIME = [*TABLE["growth"], *TABLE["so_far"], *TABLE["other"]]


@dataclass
class Semantics:
    """The semantic layer of a warehouse: MetricFlow writes the SQL, we run it."""

    warehouse: Warehouse
    is_large: bool

    @cached_property
    def engine(self) -> Engine:
        """MetricFlow on what dbt parsed for this warehouse."""
        manifest = self.warehouse.folder / "target" / "semantic_manifest.json"
        return Engine(manifest.read_text("utf-8"))

    def manifest(self) -> dict[str, Any]:
        """What dbt parsed."""
        text = (self.warehouse.folder / "target" / "manifest.json").read_text("utf-8")
        found: dict[str, Any] = json.loads(text)
        return found

    def sql(self, **request: Any) -> str:
        """The SQL of a question."""
        return self.engine.sql(**request)

    def cells(self, metric: str, *dimensions: str) -> Cells:
        """Values of a metric by the values of its dimensions; empty cells are left out."""
        return self.answer(self.sql(metric_names=[metric], group_by_names=list(dimensions)))

    def answer(self, statement: str) -> Cells:
        """What SQL gives: the last column by the others."""
        found: Cells = {}
        for *key, value in self.warehouse.query(statement):
            if value is not None:
                name = tuple(map(_as_text, key))
                assert name not in found, f"{name} comes twice"
                found[name] = float(value)
        return found


def _as_text(value: object) -> str:
    if isinstance(value, datetime):
        value = value.date()
    return value.isoformat() if isinstance(value, date) else str(value)


def differences(ours: Cells, theirs: Cells) -> list[str]:
    """Some of what two answers differ in."""
    found = [
        f"{key}: {ours.get(key)} but SQL says {theirs.get(key)}"
        for key in sorted({*ours, *theirs})
        if key not in ours or key not in theirs or not math.isclose(ours[key], theirs[key])
    ]
    return found[:5]


@pytest.fixture(scope="module")
def semantics(sample_and_real: Warehouse, request: pytest.FixtureRequest) -> Semantics:
    return Semantics(sample_and_real, is_large="real" in request.node.name)


def _by(metric: str, dimension: str) -> str:
    """SQL of a metric by a dimension."""
    source = SOURCE_OF[metric]
    column, value = TABLE["dimensions"][source][dimension], TABLE["metrics"][source][metric]
    return (
        f"select {column} as period, {value} as figure from {TABLE['sources'][source]} group by 1"
    )


def _statements(metric: str) -> Iterator[tuple[str, str]]:
    """Dimensions of a metric, each with SQL that gives its values by it."""
    month = "metric_time__month"
    if metric in SOURCE_OF:
        for dimension in TABLE["dimensions"][SOURCE_OF[metric]]:
            yield dimension, _by(metric, dimension)
    elif metric in TABLE["growth"]:
        of, ago = TABLE["growth"][metric]
        yield (
            month,
            f"with figures as ({_by(of, month)})"
            " select now.period, now.figure * 100.0 / nullif(earlier.figure, 0) - 100"
            " from figures as now"
            f" inner join figures as earlier on earlier.period = now.period - interval '{ago}'",
        )
    elif metric in TABLE["so_far"]:
        since, *grains = TABLE["so_far"][metric]
        daily = _by("revenue", "metric_time__day").replace("period", "date_day")
        for grain in grains:
            dimension = f"metric_time__{grain}"
            yield (
                dimension,
                f"with daily as ({daily}), periods as ("
                f"select {TABLE['dimensions']['lines'][dimension]} as period,"
                " max(days.date_day) as last_day from marts.dim_dates as days"
                " where days.date_key <> -1 group by 1)"
                " select periods.period, sum(daily.figure) from periods"
                f" inner join daily on daily.date_day <= periods.last_day and {since}"
                " group by periods.period",
            )
    else:
        yield month, TABLE["other"][metric]


def _definitions() -> dict[str, list[str]]:
    """The queries of each section of docs/metrics.md, by its anchor."""
    text = (project_root() / "docs" / "metrics.md").read_text("utf-8")
    found = {}
    for part in re.split(r"^#+ ", text, flags=re.MULTILINE):
        heading, _, body = part.partition("\n")
        anchor = re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        found[anchor] = re.findall(r"```sql\n(.+?)\n```", body, re.DOTALL)
    return found


@pytest.mark.parametrize("metric", SOURCE_OF)
def test_the_total_is_that_of_the_definition(semantics: Semantics, metric: str) -> None:
    meta = semantics.manifest()["metrics"][f"metric.olist_warehouse.{metric}"]["config"]["meta"]
    query = _definitions()[meta["definition"]][TABLE["query"].get(metric, 0)]
    ((defined,),) = semantics.warehouse.query(query)
    (value,) = semantics.cells(metric).values()
    digits = -int(getattr(defined, "as_tuple", lambda: (0, 0, 0))()[2])
    assert value == pytest.approx(float(defined), abs=0.5001 * 10**-digits)


@pytest.mark.parametrize("metric", [*SOURCE_OF, *OVER_TIME])
def test_a_metric_by_each_dimension_is_what_sql_says(semantics: Semantics, metric: str) -> None:
    broken = {}
    for dimension, statement in _statements(metric):
        if not semantics.is_large or dimension in TABLE["main"]:
            theirs = semantics.answer(statement)
            assert theirs, dimension
            broken[dimension] = differences(semantics.cells(metric, dimension), theirs)
    assert {name: found for name, found in broken.items() if found} == {}


@pytest.mark.parametrize("metric", ["revenue", "orders", "payments", "reviews"])
def test_no_dimension_multiplies_or_loses_a_row(semantics: Semantics, metric: str) -> None:
    """By each dimension that MetricFlow offers, one at a time, the cells add up to the total."""
    (total,) = semantics.cells(metric).values()
    sums = {
        name: sum(semantics.cells(metric, name).values())
        for name in semantics.engine.dimensions([metric])
    }
    assert {name: found for name, found in sums.items() if found != pytest.approx(total)} == {}


def test_several_metrics_in_one_question_are_those_of_one_each(semantics: Semantics) -> None:
    """Of four facts, joined by what they share."""
    metrics = ["revenue", "orders", "payments", "reviews", "late_share"]
    dimensions = ["metric_time__quarter", "customer_geography__region"]
    together = semantics.sql(metric_names=metrics, group_by_names=dimensions)
    for metric in metrics:  # by name: the columns come in MetricFlow's own order
        got = semantics.answer(f"select {', '.join((*dimensions, metric))} from ({together}) as a")
        assert len(got) > 1
        assert differences(got, semantics.cells(metric, *dimensions)) == [], metric


@pytest.mark.parametrize("metric", ["orders", "review_score", "payments", "average_order_value"])
def test_what_would_multiply_is_refused(semantics: Semantics, metric: str) -> None:
    with pytest.raises(Exception, match="product__category_name"):
        semantics.sql(metric_names=[metric], group_by_names=["product__category_name"])


def test_saved_questions_have_answers(semantics: Semantics) -> None:
    saved = [query["name"] for query in semantics.manifest()["saved_queries"].values()]
    assert saved
    for name in saved:
        assert len(semantics.warehouse.query(semantics.sql(saved_query_name=name))) > 1, name
