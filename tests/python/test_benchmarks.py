"""The bench: figures come out, both sides of a question agree, what is kept stays. No times."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import groups, landing, memory, results
from benchmarks.__main__ import main
from benchmarks.changed import SHARE, change
from benchmarks.measure import Measure
from benchmarks.questions import Question, questions
from benchmarks.settings import Settings, prepared
from loaders.connection import connect
from loaders.errors import LoaderError
from loaders.sample import generate
from tests import frames
from warehouse import STAR, Warehouse

SCALE = 0.01
REAL_DATA = os.environ.get("OLIST_REAL_DATA")


@pytest.fixture(scope="module")
def settings(postgres: dict[str, str]) -> Iterator[Settings]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in postgres.items():
            patch.setenv(name, value)
        with prepared(repeats=1, scales=(SCALE, 2 * SCALE)) as made:
            yield made


@pytest.fixture(scope="module")
def built(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    data = Path(REAL_DATA) if REAL_DATA else tmp_path_factory.mktemp("sample")
    if not REAL_DATA:
        generate(data, scale=0.05)
    warehouse.land(data, "snapshot")
    warehouse.dbt("build", *STAR)
    return warehouse


@pytest.mark.parametrize("question", questions(), ids=lambda question: question.name)
def test_marts_and_raw_give_the_same_answer(built: Warehouse, question: Question) -> None:
    answer = built.query(question.marts)
    assert answer
    assert answer == built.query(question.raw)


def test_there_are_ten_questions_and_each_says_its_grain_and_trap() -> None:
    assert len(questions()) == 10
    for question in questions():
        lines = question.marts.splitlines()
        comment = " ".join(line for line in lines if line.startswith("-- "))
        assert "? " in comment
        assert "Grain: " in comment
        assert "Trap: " in comment


def test_landing_is_measured_against_psql_and_other_loaders(settings: Settings) -> None:
    found = {measure.name: measure for measure in landing.measures(settings)}
    assert {"first landing", "again, nothing changed"} < set(found)
    assert found["first landing, against execute_values"].at_least
    for measure in found.values():
        assert len(measure.ours) == settings.repeats
        assert min((*measure.ours, *measure.reference)) > 0


def test_memory_is_measured_at_each_scale(settings: Settings) -> None:
    found = memory.measures(settings)
    scales = [measure.name.rpartition(" ")[2] for measure in found]
    assert scales == ["0.01", "0.01", "0.02", "0.02"]
    for measure in found:
        assert measure.value > 10  # MiB: no Python is smaller


def test_the_peak_is_that_of_the_measured_process(settings: Settings, tmp_path: Path) -> None:
    ballast = bytearray(b"1") * (200 << 20)  # of the parent, which must not count
    settings.run("benchmarks.peak", tmp_path / "peak", "this")
    assert 1 << 20 < int((tmp_path / "peak").read_text()) < len(ballast)


def test_a_hundredth_of_the_orders_is_changed_and_nothing_else(
    settings: Settings, tmp_path: Path
) -> None:
    rows = change(settings.data, tmp_path / "after")
    before, after = frames.read(settings.data), frames.read(tmp_path / "after")
    differing = {name: (before[name] != after[name]).any(axis="columns") for name in before}
    chosen = set(before["orders"].loc[differing["orders"], "order_id"])
    assert len(chosen) == -(-len(before["orders"]) // SHARE)
    for name in ("order_items", "order_payments", "order_reviews"):
        assert (differing[name] == before[name]["order_id"].isin(chosen)).all()
    assert sum(int(rows.sum()) for rows in differing.values()) == rows
    assert change(settings.data, tmp_path / "again") == rows
    for file in (tmp_path / "after").iterdir():
        assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes()


def test_a_partial_run_keeps_the_figures_of_other_groups(tmp_path: Path) -> None:
    told = {
        "about": "What it is.",
        **dict.fromkeys(("commit", "command", "data", "date", "machine", "system"), "x"),
        "versions": "y",
        "repeats": 5,
        "seconds": 2,
    }
    faster = Measure("landing", "faster", (1.0, 3.0, 2.0), "psql", (20.0,), 5, at_least=True)
    results.keep(tmp_path, "landing", [faster], told)
    large = Measure("memory", "large", (200.0,), limit=150, unit="MiB")
    results.keep(tmp_path, "memory", [large], told)
    results.keep(tmp_path, "landing", [faster], {**told, "commit": "later"})
    kept = json.loads((tmp_path / "results.json").read_text())
    assert {name: entry["commit"] for name, entry in kept.items()} == {
        "landing": "later",
        "memory": "x",
    }
    text = (tmp_path / "results.md").read_text()
    assert "| faster | 2.00 s | psql | 20.0 s | 10.00 × faster | ≥ 5 × | yes |" in text
    assert "| large | 200 MiB |  |  |  | ≤ 150 MiB | **no** |" in text


def test_a_bench_leaves_no_database_and_says_what_fails(
    settings: Settings, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(LoaderError, match="nowhere"), settings.database():
        settings.run("loaders", "land", "nowhere")
    with connect(where=settings.server) as link, link.cursor() as cursor:
        cursor.execute("select count(*) from pg_database where datname like 'olist_bench_%'")
        assert cursor.fetchall() == [(0,)]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.server.items():
            patch.setenv(name, value)
        arguments = ["--data", str(tmp_path / "none.zip"), "--only", "memory"]
        assert main([*arguments, "--out", str(tmp_path)]) == 1
    assert "cannot be read" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("group", [*groups.GROUPS, *groups.OTHERS])
def test_a_group_says_what_it_measures(group: str) -> None:
    assert len(groups.about(group).splitlines()) > 1
