"""The bench: figures come out, both sides of a question agree, what is kept stays. No times.

The groups that build many times over run where ``OLIST_BENCH`` is set (``make bench-smoke``): ten
minutes for code that only ``make bench`` runs.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from benchmarks import build, incremental, landing, plain, scale, settings
from benchmarks.__main__ import GROUPS, main
from benchmarks.changes import SHARE, change
from benchmarks.measure import Measure, keep, section
from benchmarks.questions import Question, questions
from benchmarks.settings import Settings, prepared
from loaders.connection import connect
from loaders.errors import LoaderError
from loaders.packages import install
from loaders.sample import generate
from tests import frames
from warehouse import Warehouse

SCALES = (0.002, 0.004)

many_builds = pytest.mark.skipif(
    not os.environ.get("OLIST_BENCH"), reason="whole benches on tiny data: make bench-smoke"
)


@pytest.fixture(scope="module")
def tiny(postgres: dict[str, str]) -> Iterator[Settings]:
    install(retry=False, say=lambda _: None)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in postgres.items():
            patch.setenv(name, value)
        with prepared(repeats=1, scales=SCALES) as made:
            yield made


@pytest.mark.parametrize("question", questions(), ids=lambda question: question.name)
def test_marts_and_raw_give_the_same_answer(sample_and_real: Warehouse, question: Question) -> None:
    answer = sample_and_real.query(question.marts)
    assert answer
    assert answer == sample_and_real.query(question.raw)
    comment = " ".join(line for line in question.marts.splitlines() if line.startswith("-- "))
    assert all(word in comment for word in ("? ", "Grain: ", "Trap: "))


def check(measures: Sequence[Measure]) -> dict[str, Measure]:
    """Each line has figures, on both sides where it has two; return them by name."""
    for measure in measures:
        assert min(measure.ours) > 0
        assert min(measure.reference, default=1) > 0
        assert bool(measure.reference_name) == bool(measure.reference)
    return {measure.name: measure for measure in measures}


def test_landing_is_measured_against_psql(tiny: Settings) -> None:
    found = check(landing.measures(tiny))
    limits = {name: measure.limit for name, measure in found.items() if measure.reference}
    assert limits == {
        "first landing from the zip": 1.5,
        "first landing from a folder": 1.2,
        "first landing from a folder, with all that it makes": None,
        "the same zip again": 0.2,
        "1 % of orders changed (snapshot)": 1.5,
    }
    memory = [measure for name, measure in found.items() if name.startswith("memory: ")]
    assert len(memory) == 6
    assert all(measure.value > 10 and measure.limit == 100 for measure in memory)  # MiB


@many_builds
def test_builds_are_compared_with_plain_sql_and_dbts_floor(tiny: Settings) -> None:
    models, wall, *peers = check(build.measures(tiny)).values()
    assert [measure.limit for measure in (models, wall, *peers)] == [1.5, 1.15, 2.33, 1.75]
    assert wall.reference[0] > 2 * models.reference[0]  # a whole build, and the plain star


def test_a_plain_star_with_other_rows_is_no_reference(built: Warehouse) -> None:
    with built.environment():
        plain.build()
        build.check()
        built.query("update plain.fct_orders set items_value = 1", fetch=False)
        with pytest.raises(LoaderError, match="other rows in fct_orders"):
            build.check()


@many_builds
def test_a_changed_day_is_compared_with_a_full_refresh(tiny: Settings) -> None:
    found = check(incremental.measures(tiny))
    assert [measure.limit for measure in found.values()] == [
        *(0.03, None, 0.25, 1, 0.35, None),
        *(1.5, 0.005, 0.08, 0.5, 0.35, None),
    ]


@many_builds
def test_each_scale_has_a_table_and_the_larger_a_ratio(tiny: Settings) -> None:
    found = check(scale.measures(tiny))
    wall = found["dbt build at scale 0.004"]
    assert (wall.limit, wall.reference_name) == (1.2, "scale 0.002")
    assert found["scale 0.002: memory of the server"].value > 10  # MB
    assert found["scale 0.004: disk of raw"].value > found["scale 0.002: disk of raw"].value


def test_the_peak_is_that_of_the_measured_process() -> None:
    ballast = bytearray(b"1") * (200 << 20)  # of the parent, which must not count
    assert 1 << 20 < settings.run("this").memory < len(ballast)


def test_a_hundredth_of_the_orders_is_changed_and_nothing_else(tmp_path: Path) -> None:
    generate(tmp_path / "before", 0.01)
    rows = change(tmp_path / "before", tmp_path / "after")
    before, after = frames.read(tmp_path / "before"), frames.read(tmp_path / "after")
    differing = {name: (before[name] != after[name]).any(axis="columns") for name in before}
    chosen = set(before["orders"].loc[differing["orders"], "order_id"])
    assert len(chosen) == -(-len(before["orders"]) // SHARE)
    for name in ("order_items", "order_payments", "order_reviews"):
        assert (differing[name] == before[name]["order_id"].isin(chosen)).all()
    assert sum(int(rows.sum()) for rows in differing.values()) == rows


def test_a_partial_run_keeps_the_figures_of_other_groups(tmp_path: Path) -> None:
    file = tmp_path / "results.md"
    faster = Measure("faster", (1.0, 3.0, 2.0), "psql", (20.0,), 5, at_least=True, note="so")
    keep(file, "landing", section("What it is.", [faster], "first run"), GROUPS)
    large = Measure("large", (200.0,), limit=150, unit="MiB")
    keep(file, "scale", section("Another.", [large], "scale run"), GROUPS)
    keep(file, "landing", section("What it is.", [faster], "later run"), GROUPS)
    text = file.read_text("utf-8")
    assert "| faster | 2.00 s | psql | 20.0 s | 10.00 × faster | ≥ 5 × | yes |" in text
    assert "| large | 200 MiB |  |  |  | ≤ 150 MiB | **no** |" in text
    assert "- faster: so" in text
    assert ("first run" in text, "later run" in text, "scale run" in text) == (False, True, True)
    assert text.index("## landing") < text.index("## scale")


def test_a_bench_leaves_no_database_and_says_what_fails(
    tiny: Settings, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(LoaderError, match="nowhere"), tiny.database():
        tiny.land(Path("nowhere"))
    with connect(where=tiny.server) as link, link.cursor() as cursor:
        cursor.execute("select count(*) from pg_database where datname like 'olist_bench_%'")
        assert cursor.fetchall() == [(0,)]
    arguments = ["landing", "--data", str(tmp_path / "none.zip"), "--out", str(tmp_path / "r.md")]
    assert main(arguments) == 1
    assert "cannot be read" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
    with pytest.raises(SystemExit):
        main(["speed"])
    assert "no group speed" in capsys.readouterr().err
