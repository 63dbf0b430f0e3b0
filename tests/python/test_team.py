"""What else than a build a team does with a warehouse, and leaves it right."""

import pytest

from warehouse import Warehouse

NO_UNIT_TESTS = ("--exclude-resource-type", "unit_test")
MINE = (
    "create table reports.rpt_old as select 1 as a;"
    "create view reports.rpt_of_old as table reports.rpt_old;"
    "create table audit.of_no_test as select 1 as a;"
    "create schema own; create table marts.read as select 1 as a;"
    "create view own.it as table marts.read;"
    "create table marts.of_another as select 1 as a;"
    "alter table marts.of_another owner to pg_monitor;"
)


def run(warehouse: Warehouse, *arguments: str) -> tuple[int, str]:
    """Run dbt as people do; return its exit status and output."""
    process = warehouse.start(*arguments)
    output, _ = process.communicate(timeout=300)
    return process.returncode, output


def relations(warehouse: Warehouse) -> set[str]:
    return {
        name
        for (name,) in warehouse.query(
            "select oid::regclass::text from pg_class where relkind in ('r', 'v')"
            " and relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')"
        )
    }


def test_orphans_are_listed_and_dropped_where_asked(built: Warehouse) -> None:
    before = relations(built)
    built.query(MINE, fetch=False)
    made = relations(built)
    said = run(built, "run-operation", "drop_orphans")[1]
    assert "5 tables and views that nothing of the project makes; to drop them: --args" in said
    assert "view reports.rpt_of_old of " in said
    assert relations(built) == made
    said = run(built, "run-operation", "drop_orphans", "--args", "{drop: true}")[1]
    assert "marts.of_another of pg_monitor: is not of this role: kept" in said
    assert "marts.read of " in said
    assert said.count(": is read by something else: kept") == 1
    assert said.count(": dropped") == 3
    kept = {"marts.of_another", "marts.read", "own.it"}
    assert relations(built) == before | kept
    built.query("drop schema own cascade; drop table marts.of_another, marts.read", fetch=False)


def contents(warehouse: Warehouse) -> dict[str, str]:
    """A checksum of the rows of each table and view that a build makes."""
    names = [name for name in relations(warehouse) if not name.startswith(("raw.", "staging._"))]
    sums = " union all ".join(
        f"select '{name}', md5(string_agg(made::text, ',' order by made::text)) from {name} as made"
        for name in names
    )
    return dict(warehouse.query(sums))


@pytest.mark.parametrize(
    "command",
    [
        "build --empty",
        "seed --full-refresh",
        "build --full-refresh --select int_geolocation_counted",
        "build --exclude fct_orders --threads 8",
        "build --select +fct_reviews",
        "show --select fct_orders --limit 5",
        "docs generate",
    ],
)
def test_what_was_built_stays(built: Warehouse, command: str) -> None:
    before = contents(built)
    without = NO_UNIT_TESTS if command.startswith("build") else ()
    status, said = run(built, *command.split(), *without)
    assert status == 0, said
    assert contents(built) == before


def test_two_builds_at_once(built: Warehouse) -> None:
    """They write a table one after the other."""
    before = contents(built)
    arguments = ("run", "--full-refresh", "--select", "path:models/marts", "+fct_payments")
    builds = [Warehouse(built.variables, built.folder / at).start(*arguments) for at in "ab"]
    said = [build.communicate(timeout=600)[0] for build in builds]
    assert [build.returncode for build in builds] == [0, 0], said
    assert contents(built) == before
