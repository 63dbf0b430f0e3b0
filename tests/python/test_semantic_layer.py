"""Every metric gives what SQL gives, by every dimension. `make semantic` installs MetricFlow."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dimensions import DIMENSIONS, MAIN, SOURCES
from figures import FIGURES
from loaders.paths import project_root
from loaders.sample import generate
from over_time import OVER_TIME
from warehouse import NO_TESTS, Warehouse

if TYPE_CHECKING:
    from semantic import Semantics

pytestmark = pytest.mark.skipif(
    find_spec("dbt_metricflow") is None,
    reason="MetricFlow is not installed: make semantic (docs/semantic-layer.md)",
)

REAL_DATA = os.environ.get("OLIST_REAL_DATA")
ADD_UP = ("revenue", "orders", "payments", "reviews")


@pytest.fixture(
    scope="module",
    params=[
        "sample",
        pytest.param("real", marks=pytest.mark.skipif(not REAL_DATA, reason="OLIST_REAL_DATA")),
    ],
)
def semantics(
    request: pytest.FixtureRequest,
    warehouse: Warehouse,
    rebuilt_warehouse: Warehouse,
    tmp_path_factory: pytest.TempPathFactory,
) -> "Semantics":
    """A warehouse with the star, and MetricFlow on it."""
    from semantic import Semantics  # noqa: PLC0415 - needs the extra

    if request.param == "real":
        made, files = rebuilt_warehouse, Path(str(REAL_DATA))
    else:
        made, files = warehouse, tmp_path_factory.mktemp("sample")
        generate(files, 0.02)
    made.land(files, "snapshot")
    made.dbt("build", "--select", "+path:models/marts", *NO_TESTS)
    return Semantics(made, is_large=request.param == "real")


@pytest.mark.parametrize("metric", FIGURES)
def test_the_total_is_that_of_the_definition(semantics: "Semantics", metric: str) -> None:
    from semantic import sections  # noqa: PLC0415

    manifest = json.loads((semantics.warehouse.folder / "target/manifest.json").read_text("utf-8"))
    meta = manifest["metrics"][f"metric.olist_warehouse.{metric}"]["config"]["meta"]
    query = sections()[meta["definition"]][FIGURES[metric].query]
    ((defined,),) = semantics.warehouse.query(query)
    (value,) = semantics.cells(metric).values()
    digits = -int(getattr(defined, "as_tuple", lambda: (0, 0, 0))()[2])
    assert value == pytest.approx(float(defined), abs=0.5001 * 10**-digits)


def _statements() -> Iterator[tuple[str, str, str]]:
    """Metric, dimension, and SQL that gives its values by it."""
    for metric, figure in FIGURES.items():
        for dimension, column in DIMENSIONS[figure.source].items():
            values = f"select {column}, {figure.value} as figure from {SOURCES[figure.source]}"
            yield metric, dimension, f"{values} group by 1"
    for metric, statements in OVER_TIME.items():
        for dimension, statement in statements.items():
            yield metric, dimension, statement


@pytest.mark.parametrize("metric", [*FIGURES, *OVER_TIME])
def test_a_metric_by_each_dimension_is_what_sql_says(semantics: "Semantics", metric: str) -> None:
    from semantic import cells, differences  # noqa: PLC0415

    broken = {}
    for name, dimension, statement in _statements():
        if name != metric or (semantics.is_large and dimension not in MAIN):
            continue
        theirs = cells(semantics.warehouse, statement)
        assert theirs, dimension
        if found := differences(semantics.cells(metric, dimension), theirs):
            broken[dimension] = found
    assert broken == {}


@pytest.mark.parametrize("metric", ADD_UP)
def test_no_dimension_multiplies_or_loses_a_row(semantics: "Semantics", metric: str) -> None:
    """By each dimension that MetricFlow offers, one at a time, the cells add up to the total."""
    (total,) = semantics.cells(metric).values()
    broken = {}
    for dimension in semantics.dimensions(metric):
        found = sum(semantics.cells(metric, dimension).values())
        if found != pytest.approx(total):
            broken[dimension] = found
    assert broken == {}, f"the total is {total}"


def test_several_metrics_in_one_question_are_those_of_one_each(semantics: "Semantics") -> None:
    """Of four facts, joined by what they share."""
    from semantic import cells, differences  # noqa: PLC0415

    metrics = ["revenue", "orders", "payments", "reviews", "late_share"]
    dimensions = ["metric_time__quarter", "customer_geography__region"]
    together = semantics.sql(metric_names=metrics, group_by_names=dimensions)
    for metric in metrics:  # by name: the columns come in MetricFlow's own order
        statement = f"select {', '.join((*dimensions, metric))} from ({together}) as answer"
        got = cells(semantics.warehouse, statement)
        assert len(got) > 1
        assert differences(got, semantics.cells(metric, *dimensions)) == [], metric


def test_what_would_multiply_is_refused(semantics: "Semantics") -> None:
    for metric in ("orders", "review_score", "payments", "average_order_value"):
        with pytest.raises(Exception, match="product__category_name"):
            semantics.sql(metric_names=[metric], group_by_names=["product__category_name"])


def test_saved_questions_have_answers(semantics: "Semantics") -> None:
    manifest = json.loads((semantics.warehouse.folder / "target/manifest.json").read_text("utf-8"))
    saved = [query["name"] for query in manifest["saved_queries"].values()]
    assert saved
    for name in saved:
        assert len(semantics.warehouse.query(semantics.sql(saved_query_name=name))) > 1, name


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["query", "--metrics", "orders", "--group-by", "metric_time__year"], "2017"),
        (["query", "--saved-query", "sales_by_route"], "Sudeste"),
        (["list", "metrics", "--search", "late_share"], "late_share"),
        (["validate-configs"], "Successfully validated"),
        (["--", "query", "--help"], "--group-by"),
    ],
    ids=" ".join,
)
def test_the_command_answers(
    semantics: "Semantics", tmp_path: Path, arguments: list[str], words: str
) -> None:
    """From any folder, with nothing but the variables of the warehouse."""
    project = tmp_path / "project"
    shutil.copytree(
        project_root(),
        project,
        ignore=lambda folder, names: (
            set() if Path(folder) != project_root() else set(names) - _PROJECT
        ),
    )
    done = subprocess.run(
        [sys.executable, "-m", "loaders", "mf", *arguments],
        cwd=tmp_path,
        env={
            **os.environ,
            **semantics.warehouse.variables,
            "DBT_PROJECT_DIR": str(project),
            "DBT_PROFILES_DIR": str(project),
            "PYTHONPATH": str(project_root()),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert words in done.stdout


_PROJECT = {
    *("dbt_project.yml", "profiles.yml", "packages.yml", "dbt_packages"),
    *("models", "macros", "seeds", "snapshots", "tests", "analyses", "docs"),
}
