"""The groups of the bench that build give figures of both sides; what they measure is equal.

Those that build many times over run where ``OLIST_BENCH`` is set (``make bench-smoke``): ten
minutes for code that only ``make bench`` runs.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks import breakdown, build, incremental, plain, scale
from benchmarks.dbt_run import dbt, parse
from benchmarks.measure import Measure
from benchmarks.settings import Settings
from benchmarks.warehouse import NO_TESTS, empty
from loaders.errors import LoaderError
from loaders.packages import install
from loaders.sample import generate

many_builds = pytest.mark.skipif(
    not os.environ.get("OLIST_BENCH"), reason="whole benches on tiny data: make bench-smoke"
)


@pytest.fixture(scope="module")
def settings(postgres: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Settings:
    install(retry=False, say=lambda _: None)
    scratch = tmp_path_factory.mktemp("bench")
    files = scratch / "sample-0.002"  # where settings.sample has it
    generate(files, 0.002)
    return Settings(files, "tiny", scratch, postgres, repeats=1, scales=(0.002, 0.004))


def check(measures: Sequence[Measure], group: str) -> dict[str, Measure]:
    """Each line has a name of its own and figures; return them by it."""
    assert {measure.group for measure in measures} == {group}
    for measure in measures:
        assert len(measure.ours) >= 1
        assert min(measure.ours) >= 0
        assert min(measure.reference, default=1) > 0
        assert measure.reference_name == "" or measure.reference
    by_name = {measure.name: measure for measure in measures}
    assert len(by_name) == len(measures)
    return by_name


@many_builds
def test_builds_are_compared_with_plain_sql_and_dbts_floor(settings: Settings) -> None:
    found = check(build.measures(settings), "build")
    assert [measure.limit for measure in found.values()] == [1.5, None, 1.15, 9.5, 11.5, 3.06, 3.71]
    models, at_once, wall, *_ = found.values()
    assert models.reference == at_once.reference
    # The floor is a whole build, and the plain star comes on top of it.
    assert wall.reference[0] > 2 * models.reference[0]
    assert wall.ours[0] > 0


def test_a_plain_star_with_other_rows_is_no_reference(settings: Settings) -> None:
    with settings.database():
        settings.run("loaders", "land", "--mode", "snapshot", settings.data)
        dbt(settings.scratch / "target", "build", *NO_TESTS)
        plain.build()
        build.check()
        settings.run("loaders", "psql", "-c", "update plain.fct_orders set items_value = 1")
        with pytest.raises(LoaderError, match="other rows in fct_orders"):
            build.check()


@many_builds
def test_a_changed_day_is_compared_with_a_full_refresh(settings: Settings) -> None:
    found = check(incremental.measures(settings), "incremental")
    assert [measure.limit for measure in found.values()] == [0.05, None, 1.5, None, 0.05]
    assert all(measure.reference for measure in found.values())


@many_builds
def test_each_scale_has_a_table_and_the_larger_a_ratio(settings: Settings) -> None:
    found = check(scale.measures(settings), "scale")
    wall = found["dbt build at scale 0.004"]
    assert (wall.limit, wall.reference_name) == (2.2, "scale 0.002")
    assert found["scale 0.004: disk of raw"].value > found["scale 0.002: disk of raw"].value
    assert found["scale 0.002: dbt build"].value == wall.reference[0]


def test_the_parts_of_a_build_are_its_wall_time(settings: Settings, tmp_path: Path) -> None:
    with settings.database():
        settings.run("loaders", "land", "--mode", "snapshot", settings.data)
        parse(tmp_path)
        only = ("--select", "+dim_payment_types", "--indirect-selection", "cautious")
        run = dbt(tmp_path, "build", *only, detail=True)
        empty()
        with pytest.raises(LoaderError, match="run --select fct_orders"):
            dbt(tmp_path, "run", "--select", "fct_orders", "--threads", "1")
    parts = breakdown.parts(run)
    assert sum(parts.values()) == pytest.approx(run.wall)
    assert min(parts.values()) >= 0
    assert min(parts[kind] for kind in ("start", "parse", "model", "test", "unit_test")) > 0
    models = [node for node in run.nodes if node.kind == "model"]
    assert {node.name for node in models} == {"stg_olist__order_payments", "dim_payment_types"}
    for node in models:
        assert 0 < node.database < node.seconds < run.wall
        assert node.statements > 1
    report = breakdown.report(run)
    assert "| models | 2 |" in report
    assert "| dim_payment_types | model |" in report
