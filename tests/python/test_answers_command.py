"""``olist answers``: what it prints, and what it says when it cannot."""

import csv
import io
from decimal import Decimal
from pathlib import Path

import pytest
from loaders.analyses import analyses

from loaders.cli import main
from loaders.sample import generate
from warehouse import NO_TESTS, Warehouse

ALL = analyses()


@pytest.fixture(scope="module")
def built(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    files = tmp_path_factory.mktemp("sample")
    generate(files, 0.02)
    warehouse.land(files, "snapshot")
    warehouse.dbt("build", *NO_TESTS)
    return warehouse


@pytest.fixture
def reached(built: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """That warehouse is the one that commands find."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    for name, value in built.variables.items():
        monkeypatch.setenv(name, value)
    return built


def test_all_are_printed_with_their_questions(
    reached: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["answers"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for one in ALL.values():
        assert f"{one.name}: {one.question}" in lines
    assert max(map(len, lines)) < 200


def test_some_are_printed_as_tables(reached: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["answers", "order_funnel", "monthly_revenue", "--limit", "2"]) == 0
    printed = capsys.readouterr().out
    first, _, second = printed.partition("\nmonthly_revenue: ")
    rows = reached.query(ALL["order_funnel"].query)
    assert first.splitlines()[:2] == [
        f"order_funnel: {ALL['order_funnel'].question}",
        f"Grain: {ALL['order_funnel'].grain}.",
    ]
    assert first.splitlines()[3].split() == list(reached.records(ALL["order_funnel"].query)[0])
    assert first.splitlines()[4].split()[:2] == ["purchased", f"{rows[0][1]:,}"]
    assert first.splitlines()[-1] == "… and 3 rows more: --limit 0 prints all."
    assert len(second.splitlines()) == len(first.splitlines())


def test_markdown_and_csv(reached: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    rows = reached.records(ALL["daily_sales"].query)
    assert main(["answers", "daily_sales", "--format", "csv"]) == 0
    read = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["date_day"] for row in read] == [str(row["date_day"]) for row in rows]
    assert sum(Decimal(row["revenue"]) for row in read) == sum(row["revenue"] for row in rows)
    assert main(["answers", "daily_sales", "--format", "markdown", "--limit", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"## {ALL['daily_sales'].question}"
    assert lines[2] == f"| {' | '.join(rows[0])} |"
    assert lines[3].startswith("| --- | --- | --: | --: |")
    assert lines[4].startswith(f"| {rows[0]['date_day']} | {rows[0]['day_name']} |")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "There is no answer 'nothing'; there are categories_bought_together, "),
        (["daily_sales", "top_sellers", "--format", "csv"], "A CSV is one table: name one answer"),
        (["daily_sales", "--limit", "-1"], "--limit is 0 (all rows) or more."),
        (["daily_sales"], "There is no warehouse to ask yet (relation"),
    ],
)
def test_errors_are_one_sentence(
    database: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    assert main(["answers", *arguments]) == 1
    said = capsys.readouterr()
    assert said.err.startswith(f"olist: {message}")
    assert said.err.count("\n") == 1
    assert not said.out


def test_without_a_server_make_build_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("PGHOST", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OLIST_HOME", str(tmp_path))
    assert main(["answers"]) == 1
    assert capsys.readouterr().err == "olist: There is no warehouse to ask yet: run 'make build'.\n"
    assert main(["answers", "--list"]) == 0
    assert "What did we sell each month, and how did it grow?" in capsys.readouterr().out


def test_an_analysis_with_other_jinja_is_left_to_dbt(
    database: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "own.sql").write_text("select {{ dbt.type_string() }}", "utf-8")
    (tmp_path / "plain.sql").write_text("-- No question.\nselect 'a|b' as x, 1 as y", "utf-8")
    monkeypatch.setattr("loaders.answers.analyses", lambda: analyses(tmp_path))
    assert main(["answers", "own"]) == 1
    assert "own has Jinja other than ref(): 'dbt show --inline' asks it" in capsys.readouterr().err
    assert main(["answers", "plain", "--format", "markdown"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        *("## plain", "", "| x | y |", "| --- | --: |", "| a\\|b | 1 |"),
    ]
