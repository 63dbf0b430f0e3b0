"""Analyses say what they answer, run, and agree with raw.

``tests/answers/<kpi>.raw.sql`` gives the rows of a KPI without the models; ``{{ report('…') }}`` in
it is the SQL on raw of that report. The ten questions are compared with their own in
test_benchmarks.py.
"""

import csv
import io
import os
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from loaders.answers import about, analyses
from loaders.cli import main
from loaders.paths import project_root
from raw_sql import raw_sql
from warehouse import Records, Warehouse

REAL_DATA = os.environ.get("OLIST_REAL_DATA")
FOLDER = Path(__file__).parents[1] / "answers"
README = project_root() / "analyses" / "README.md"
ALL = analyses()
KPIS = [name for name, file in ALL.items() if file.parent.name == "kpis"]
Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def compiled(sample_and_real: Warehouse) -> dict[str, str]:
    """The SQL of each analysis, as dbt compiles it."""
    sample_and_real.dbt("compile", "--select", "resource_type:analysis")
    files = sample_and_real.folder.rglob("target/compiled/*/analyses/**/*.sql")
    return {file.stem: file.read_text("utf-8") for file in files}


@pytest.fixture
def reached(sample_and_real: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """That warehouse is the one that commands find."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    for name, value in sample_and_real.variables.items():
        monkeypatch.setenv(name, value)
    return sample_and_real


@pytest.mark.parametrize("name", ALL)
def test_an_analysis_says_what_it_answers_its_grain_and_its_trap(name: str) -> None:
    assert re.fullmatch(r"[^?]+\?.* Grain: .+\. .*\bTrap: .+", about(ALL[name]))


def test_there_are_ten_questions_and_each_kpi_is_compared() -> None:
    assert len([file for file in ALL.values() if file.parent.name == "questions"]) == 10
    assert {path.name.removesuffix(".raw.sql") for path in FOLDER.iterdir()} == set(KPIS)
    assert len(ALL) == len(list((project_root() / "analyses").rglob("*.sql")))


@pytest.mark.parametrize("name", ALL)
def test_an_analysis_has_rows(
    sample_and_real: Warehouse, compiled: dict[str, str], name: str
) -> None:
    assert sample_and_real.query(compiled[name])


@pytest.mark.parametrize("name", KPIS)
def test_a_kpi_says_what_raw_says(
    sample_and_real: Warehouse, compiled: dict[str, str], name: str
) -> None:
    ours = sample_and_real.records(compiled[name])
    theirs = sample_and_real.records(raw_sql(FOLDER / f"{name}.raw.sql"))
    assert [list(row) for row in ours[:1]] == [list(row) for row in theirs[:1]]
    assert ours == theirs


def test_the_command_prints_all_with_their_questions(reached: Warehouse, capsys: Captured) -> None:
    assert main(["answers", "--limit", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for name, file in ALL.items():
        assert f"## {name}: {about(file)}" in lines


def test_the_command_prints_tables_and_csv(
    reached: Warehouse, compiled: dict[str, str], capsys: Captured
) -> None:
    rows = reached.records(compiled["daily_sales"])
    assert main(["answers", "daily_sales", "--limit", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].replace("|", " ").split() == list(rows[0])
    assert lines[4].replace("|", " ").split()[:2] == [
        *(str(rows[0]["date_day"]), rows[0]["day_name"]),
    ]
    assert lines[-1] == "There are more rows: --limit -1 prints all."
    assert main(["answers", "daily_sales", "--csv"]) == 0
    read = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["date_day"] for row in read] == [str(row["date_day"]) for row in rows]
    assert sum(Decimal(row["revenue"]) for row in read) == sum(row["revenue"] for row in rows)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "No analysis is named 'nothing'; 'olist answers --list'"),
        (["daily_sales", "top_sellers", "--csv"], "--csv needs exactly one analysis"),
        (
            ["daily_sales"],
            "nothing has been built yet, only a part of the target, or raw was dropped since:"
            " run 'dbt build', after 'olist land' or 'olist replay' where nothing has landed.",
        ),
    ],
)
def test_errors_are_one_sentence(
    database: dict[str, str], capsys: Captured, arguments: list[str], message: str
) -> None:
    assert main(["answers", *arguments]) == 1
    said = capsys.readouterr()
    assert said.err.startswith(f"olist: {message}")
    assert said.err.count("\n") == 1
    assert not said.out


def test_the_list_needs_no_server(capsys: Captured) -> None:
    assert main(["answers", "--list"]) == 0
    assert "What did we sell each month, and how did it grow?" in capsys.readouterr().out


def test_the_readme_lists_every_analysis() -> None:
    listed = re.findall(r"\| \[`(\w+)`\]\(([\w/]+\.sql)\)", README.read_text("utf-8"))
    files = {
        file.stem: str(file.relative_to(README.parent)) for file in README.parent.rglob("*.sql")
    }
    assert dict(listed) == files


# What analyses/README.md says of the Olist data.
HEADLINES: dict[str, Callable[[Records], str]] = {
    "monthly_revenue": lambda rows: (
        f"best month {max(rows, key=lambda row: row['revenue'])['year_month']}:"
        f" R$ {max(row['revenue'] for row in rows):,}"
    ),
    "top_sellers": lambda rows: f"the best has {rows[0]['revenue_percent']} % of revenue",
    "delivery_by_state": lambda rows: (
        f"from {rows[-1]['average_days']} days ({rows[-1]['state_code']})"
        f" to {rows[0]['average_days']} ({rows[0]['state_code']})"
    ),
    "payment_methods": lambda rows: (
        f"{rows[0]['value_percent']} % of value by {rows[0]['payment_type']}"
    ),
    "repeat_purchase": lambda rows: f"{rows[0]['customers_percent']} % of customers bought once",
    "late_delivery_and_review": lambda rows: (
        f"score {rows[0]['average_score']} a week early,"
        f" {rows[-1]['average_score']} more than a week late"
    ),
    "categories_bought_together": lambda rows: (
        f"`{rows[0]['first_category']}` and `{rows[0]['second_category']}`:"
        f" {rows[0]['orders']} orders, lift {rows[0]['lift']}"
        f" ({'less' if rows[0]['lift'] < 1 else 'more'} often than by chance)"
    ),
    "customer_loyalty": lambda rows: (
        f"{rows[1]['percent_of_those_before']} % come a second time,"
        f" half of them within {rows[1]['median_days_since_order_before']} days"
    ),
    "lifetime_value": lambda rows: (
        f"the top percent are worth R$ {rows[0]['average_value']:,} each,"
        f" the lower half R$ {rows[-1]['average_value']}"
    ),
}


@pytest.mark.parametrize("name", HEADLINES)
def test_the_readme_says_what_the_real_data_says(
    sample_and_real: Warehouse, compiled: dict[str, str], request: pytest.FixtureRequest, name: str
) -> None:
    if "real" not in request.node.callspec.id:
        pytest.skip("figures of the Olist data")
    said = HEADLINES[name](sample_and_real.records(compiled[name]))
    line = next(line for line in README.read_text("utf-8").splitlines() if f"[`{name}`]" in line)
    assert line.endswith(f"| {said} |")
