"""How the warehouse is doing: what runs note of their tests, the reports on it, olist quality."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import quiet, write_csv
from loaders import quality, roles
from loaders.cli import main
from loaders.paths import project_root
from warehouse import Warehouse

Captured = pytest.CaptureFixture[str]
REPORTS = sorted(path.stem for path in project_root().glob("models/audit/reports/*.sql"))
NO_UNIT_TESTS = ("--exclude-resource-type", "unit_test")
KEYS = "fct_order_items_foreign_keys"
RULES = "fct_orders_rules"
# By test: how its data are broken and repaired, how it ends, its failing rows, what is said of it.
BROKEN = {
    KEYS: (
        "update marts.fct_order_items set customer_key = customer_key || '?'"
        " where order_item_key in"
        " (select order_item_key from marts.fct_order_items order by 1 limit 3)",
        "update marts.fct_order_items set customer_key = rtrim(customer_key, '?')",
        ("fail", 3, f"3 rows in audit.{KEYS}"),
    ),
    "dim_geographies_rules": (
        "alter table marts.dim_geographies rename to moved",
        "alter table marts.moved rename to dim_geographies",
        ("error", None, 'relation "marts.dim_geographies" does not exist'),
    ),
}


def run(warehouse: Warehouse, *arguments: str) -> int:
    """Run dbt as people do; return its exit status."""
    process = warehouse.start(*arguments)
    process.communicate(timeout=600)
    return process.returncode


def results(warehouse: Warehouse, test: str, schema: str = "reports") -> dict[str, Any]:
    """What is known of a test."""
    query = f"select * from {schema}.rpt_test_results where test_name = '{test}'"
    (found,) = warehouse.records(query)
    return found


def freshness(warehouse: Warehouse) -> dict[str, Any]:
    (found,) = warehouse.records("select * from reports.rpt_freshness")
    return found


def said(warehouse: Warehouse, capsys: Captured, *arguments: str) -> str:
    """What a command prints."""
    capsys.readouterr()
    with warehouse.environment():
        assert main(arguments) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("test", BROKEN)
def test_a_failing_test_shows_up_and_recovers(
    built: Warehouse, test: str, tmp_path: Path, capsys: Captured
) -> None:
    damage, repair, (status, failures, words) = BROKEN[test]
    built.query(damage, fetch=False)
    ask = ("test", "--select", test)
    try:
        assert [run(built, *ask), run(built, *ask)] == [1, 1]
    finally:
        built.query(repair, fetch=False)
    found = results(built, test)
    assert (found["status"], found["failures"]) == (status, failures)
    first, second = built.records(
        f"select * from audit.test_results where test_name = '{test}' order by ran_at desc limit 2"
    )[::-1]
    assert first["ran_at"] < second["ran_at"] == found["ran_at"] == found["asked_at"]
    assert first["failing_since"] == second["failing_since"] == first["ran_at"]
    assert freshness(built)["tests_failed"] == 1
    shown = said(built, capsys, "quality")
    since = quality.moment(found["failing_since"].isoformat())
    assert re.search(rf"{status} +{test}, since {since}:", shown)
    assert words in shown
    said(built, capsys, "quality", "--html", str(tmp_path / "page.html"))
    assert test in (tmp_path / "page.html").read_text("utf-8").partition("<details>")[0]
    if failures:
        kept = built.query(f"select count(*) from {found['failed_rows_table']}")
        assert kept == [(failures,)]
    assert run(built, *ask) == 0
    found = results(built, test)
    assert (found["status"], found["failures"], found["failing_since"]) == ("pass", 0, None)
    assert "Tests that warn or fail: none" in said(built, capsys, "quality")


@pytest.mark.parametrize(
    ("command", "asked"),
    [("build", False), ("test", True), ("build --empty", None), ("compile", None)],
)
def test_which_commands_ask(built: Warehouse, command: str, asked: bool | None) -> None:
    """A build need not ask again what holds for the same data: it still holds."""
    built.dbt("build", "--select", RULES)
    before = results(built, RULES)
    built.dbt(*command.split(), "--select", RULES)
    after = results(built, RULES)
    assert after["status"] == "pass"
    if asked is None:
        assert after == before
    else:
        assert after["ran_at"] > before["ran_at"]
        assert (after["asked_at"] == after["ran_at"]) == asked
        assert (after["message"] or "").startswith("still holds") != asked


def test_a_batch_that_fails_its_tests(built: Warehouse, tmp_path: Path, capsys: Captured) -> None:
    """It is not in the facts, whatever was built; what a failing test holds up is skipped."""
    before = freshness(built)
    assert before["batches_behind"] == 0
    day = "2019-05-05 10:00:00"
    bad = [f"q{n},c{n},shipped,{'never' if n else day},{day},{day},,{day}" for n in range(150)]
    write_csv(tmp_path / "bad", "orders", *bad)
    built.land(tmp_path / "bad")
    status = json.loads(said(built, capsys, "status", "--json"))["freshness"]
    assert (status["batches_behind"], status["tests_failed"]) == (1, 0)
    assert "raw is 1 batch ahead" in said(built, capsys, "status")

    assert run(built, "build", *NO_UNIT_TESTS) == 1
    after = freshness(built)
    assert after["built_at"] > before["built_at"]
    for same in ("built_batch_id", "newest_order_at"):
        assert after[same] == before[same]
    assert after["batches_behind"] == 1
    assert after["tests_failed"] == 2
    assert after["tests_skipped"] > 10
    assert " skipped (what they test could not be built)." in said(built, capsys, "status")
    skipped = results(built, RULES)
    assert (skipped["status"], skipped["failures"]) == ("skipped", None)
    assert skipped["asked_at"] < skipped["ran_at"]
    (invalid,) = built.records(
        "select * from reports.rpt_invalid_values where table_name = 'orders'"
    )
    assert (invalid["source_column"], invalid["invalid_values"], invalid["example_value"]) == (
        "orders.order_purchase_timestamp",
        149,
        "never",
    )
    assert "orders.order_purchase_timestamp: 149 not of type" in said(built, capsys, "quality")

    failed = "stg_olist__orders_values_are_valid"
    first = results(built, failed)
    assert run(built, "retry") == 1
    second = results(built, failed)
    assert second["ran_at"] > first["ran_at"]
    assert second["failing_since"] == first["failing_since"]

    good = [row.replace("never", day) for row in bad]
    good[0] = good[0].replace(day, "2031-05-05 10:00:00")  # outside the calendar: not the newest
    write_csv(tmp_path / "good", "orders", *good)
    built.land(tmp_path / "good")
    built.dbt("build", *NO_UNIT_TESTS)
    after = freshness(built)
    assert after["built_batch_id"] == after["newest_batch_id"] == before["newest_batch_id"] + 2
    assert (after["batches_behind"], after["tests_failed"], after["tests_skipped"]) == (0, 0, 0)
    assert str(after["newest_order_at"]) == day
    assert "raw is not ahead" in said(built, capsys, "status")
    assert built.query(
        "select array_agg(rows_new), array_agg(rows_changed), bool_and(is_built) from"
        f" reports.rpt_loads where batch_id > {before['newest_batch_id']}"
    ) == [([150, 0], [0, 150], True)]


def test_loads_that_failed_are_listed(built: Warehouse, tmp_path: Path, capsys: Captured) -> None:
    with built.environment():
        assert main(["land", str(tmp_path / "nowhere")]) == 1
    (last,) = built.records("select * from reports.rpt_loads order by batch_id desc limit 1")
    assert (last["status"], last["table_name"], last["is_built"]) == ("failed", None, None)
    assert "no such file or folder" in said(built, capsys, "quality")


def test_results_are_kept_for_a_time(built: Warehouse) -> None:
    """And only of tests that the project has."""
    built.query(
        "insert into audit.test_results"
        " (test_name, model_name, severity, status, ran_at, invocation_id)"
        f" select name, 'it''s \\ %s', 'error', 'pass', now() - age * interval '1 day', 'mine'"
        f" from (values ('of_no_test', 0), ('{RULES}', 29), ('{RULES}', 31)) as old (name, age)",
        fetch=False,
    )
    built.dbt("test", "--select", RULES)
    kept = "select test_name from audit.test_results where invocation_id = 'mine'"
    assert built.query(kept) == [(RULES,)]


def test_two_runs_at_once(built: Warehouse) -> None:
    asked = ("test", "--select", "path:models/marts", *NO_UNIT_TESTS)
    runs = [Warehouse(built.variables, built.folder / at).start(*asked) for at in "ab"]
    for process in runs:
        process.communicate(timeout=600)
    assert [process.returncode for process in runs] == [0, 0]
    assert built.query(
        "select count(distinct invocation_id), count(*) > 10,"
        " count(*) = count(distinct ran_at) * count(distinct test_name)"
        " from (select *, dense_rank() over (order by ran_at desc) as age from audit.test_results)"
        " as results where age <= 2"
    ) == [(2, True, True)]


def test_developers_have_results_of_their_own(built: Warehouse, capsys: Captured) -> None:
    before = built.records("select * from audit.test_results order by ran_at, test_name")
    own = {"OLIST_TARGET": "dev", "OLIST_DEV_SCHEMA": "dev_quality"}
    mine = Warehouse({**built.variables, **own}, built.folder / "mine")
    with mine.environment():
        assert main(["quality"]) == 1
    assert "olist: nothing has been built yet, only a part of the target" in capsys.readouterr().err
    chosen = ("dim_dates", "holidays", "path:models/audit/reports", *NO_UNIT_TESTS)
    assert run(mine, "build", "--select", *chosen, "--exclude", "rpt_invalid_values") == 0
    assert results(mine, "assert_calendar_attributes_are_right", "dev_quality_reports")
    shown = said(mine, capsys, "quality")
    assert "Facts: no batch" in shown
    assert "Values that could not be cast: not known yet" in shown
    assert built.records("select * from audit.test_results order by ran_at, test_name") == before


@pytest.fixture
def with_roles(
    built: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Warehouse]:
    """Roles of its own, which belong to the whole server."""
    monkeypatch.setenv("OLIST_HOME", str(tmp_path))
    for kind in roles.KINDS:
        monkeypatch.setenv(roles.variable(kind, "ROLE"), f"olist_quality_{kind}")
        monkeypatch.setenv(roles.variable(kind, "PASSWORD"), "of a test")
    with built.environment():
        roles.make(quiet)
    yield built
    for name in roles.names().values():
        built.query(
            f"reassign owned by {name} to current_user; drop owned by {name}; drop role {name}",
            fetch=False,
        )


def test_what_the_transformer_builds_the_reader_reads(
    with_roles: Warehouse, capsys: Captured
) -> None:
    with with_roles.environment():
        users = {kind: {**with_roles.variables, **roles.credentials(kind)} for kind in roles.KINDS}
    transformer, reader = (
        Warehouse(users[kind], with_roles.folder) for kind in ("transformer", "reader")
    )
    with_roles.query("drop view reports.rpt_loads", fetch=False)
    chosen = ("path:models/audit/reports", RULES, *NO_UNIT_TESTS)
    assert run(transformer, "build", "--select", *chosen) == 0
    for report in REPORTS:
        reader.query(f"select * from reports.{report}")
    assert results(reader, RULES)["status"] == "pass"
    assert "Last loads\n  batch" in said(reader, capsys, "quality")
    loader = Warehouse(users["loader"], with_roles.folder)
    assert json.loads(said(loader, capsys, "status", "--json"))["freshness"] is None


def test_sizes_are_those_of_the_tables(built: Warehouse) -> None:
    sizes = {
        (row["schema_name"], row["table_name"]): row
        for row in built.records("select * from reports.rpt_table_sizes")
    }
    for table in (("raw", "orders"), ("marts", "fct_orders"), ("audit", "test_results")):
        ((size, rows),) = built.query(
            f"select pg_total_relation_size('{'.'.join(table)}'), count(*) from {'.'.join(table)}"
        )
        assert sizes[table]["total_bytes"] == size
        assert sizes[table]["table_bytes"] + sizes[table]["index_bytes"] == size
        estimated = sizes[table]["estimated_rows"]
        assert estimated is None or estimated >= 0, rows
    assert not any(schema.startswith("pg_") for schema, _ in sizes)


def test_the_page_is_one_small_file(built: Warehouse, tmp_path: Path, capsys: Captured) -> None:
    page = tmp_path / "quality.html"
    said(built, capsys, "quality", "--html", str(page))
    text = page.read_text("utf-8")
    assert page.stat().st_size <= 200_000
    assert not re.search(r"<(script|link|img|iframe)|https?://|@import|url\(", text)
    with built.environment():
        assert main(["quality", "--html", str(tmp_path / "nowhere" / "quality.html")]) == 1
    assert "cannot be written: No such file" in capsys.readouterr().err


def test_the_page_shows_texts_as_they_are() -> None:
    value = {
        "source_column": "orders.a",
        "invalid_values": 1234,
        "expected_type": "integer",
        "example_value": "<script>",
    }
    found: dict[str, list[quality.Row] | None] = {"tests": [], "invalid_values": [value]}
    text = quality.html({**dict.fromkeys(("freshness", "loads", "sizes")), **found})
    assert "&lt;script&gt;" in text
    assert "1,234" in text
    assert "nothing has been built in this target" in text


@pytest.mark.parametrize("given", [(), ("DATA=nowhere.zip",)])
def test_make_update_says_what_it_lacks(without_server: None, given: tuple[str, ...]) -> None:
    done = subprocess.run(
        ("make", "-n", "update", *given),
        cwd=project_root(),
        capture_output=True,
        text=True,
        check=False,
    )
    if given:
        assert re.search(r"olist land .*nowhere.zip.*\n.*dbt build", done.stdout, re.DOTALL)
    else:
        assert done.returncode == 2
        assert "make update DATA=" in done.stderr
