"""What else than a build a team does with a warehouse, and leaves it right."""

import json
import re
from pathlib import Path

import pytest

from warehouse import NO_TESTS, Warehouse

NO_UNIT_TESTS = ("--exclude-resource-type", "unit_test")
OF_RUNS = re.compile(r"audit\.test_results$|reports\.rpt_(test_results|freshness|table_sizes)$")
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
    """A checksum of the rows of each table and view that a build makes, but what tells of runs."""
    names = [
        name
        for name in relations(warehouse)
        if not name.startswith("raw.") and "staging._" not in name and not OF_RUNS.search(name)
    ]
    sums = " union all ".join(
        f"select '{name}', md5(string_agg(made::text, ',' order by made::text)) from {name} as made"
        for name in names
    )
    return dict(warehouse.query(sums))


def developer(warehouse: Warehouse, name: str) -> Warehouse:
    """The same database, as a developer with schemas of this name uses it."""
    variables = {"OLIST_TARGET": "dev", "OLIST_DEV_SCHEMA": name}
    return Warehouse({**warehouse.variables, **variables}, warehouse.folder / name)


def of_developer(name: str, everything: dict[str, str]) -> dict[str, str]:
    """What these schemas have of all contents, by the names that production has."""
    own = f"{name}_"
    return {
        relation.removeprefix(own): rows
        for relation, rows in everything.items()
        if relation.startswith(own)
    }


def of_production(everything: dict[str, str]) -> dict[str, str]:
    return {name: rows for name, rows in everything.items() if not name.startswith("dev_")}


@pytest.fixture(scope="module")
def state(built: Warehouse) -> Path:
    """Production's manifest; one report was another then."""
    folder = built.folder / "state"
    folder.mkdir()
    assert run(built, "parse")[0] == 0
    manifest = json.loads((built.folder / "process" / "manifest.json").read_text("utf-8"))
    report = manifest["nodes"]["model.olist_warehouse.rpt_seller_orders"]
    report["raw_code"] = "select another"
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return folder


@pytest.mark.parametrize(
    "command",
    [
        "build --empty",
        "seed --full-refresh",
        "build --full-refresh --select int_geolocation_counted int_zip_code_points",
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
    """Each makes every table again; they write a table one after the other."""
    before = contents(built)
    built.query("update staging._watermarks set code = 'of another SQL'", fetch=False)
    arguments = ("run", "--select", "path:models/marts")
    builds = [Warehouse(built.variables, built.folder / at).start(*arguments) for at in "ab"]
    said = [build.communicate(timeout=600)[0] for build in builds]
    assert [build.returncode for build in builds] == [0, 0], "\n".join(said)
    assert contents(built) == before


def test_clones_follow_production(
    built: Warehouse, state: Path, history: tuple[Path, Path]
) -> None:
    """What a developer builds on them too; production is never replaced by views on itself."""
    clone = ("clone", "--state", str(state))
    ana = developer(built, "dev_ana")
    status, said = run(ana, *clone)
    assert status == 0, said
    status, said = run(ana, "run", "--select", "rpt_seller_orders", "fct_reviews")
    assert status == 0, said
    built.land(history[1], "snapshot")
    built.dbt("build", *NO_TESTS)
    status, said = run(ana, "run", "--select", "rpt_seller_orders", "fct_reviews")
    assert status == 0, said
    after = contents(built)
    assert of_developer("dev_ana", after) == of_production(after)
    for warehouse in (built, ana):
        status, said = run(warehouse, *clone, "--full-refresh")
        assert status == 0, said
        assert contents(built) == after


@pytest.mark.parametrize(
    ("selected", "table"),
    [
        ("rpt_seller_orders", "reports.rpt_seller_orders"),
        ("state:modified+", "reports.rpt_seller_orders"),
        ("dim_customers", "marts.dim_customers"),  # they read seeds
        ("dim_dates", "marts.dim_dates"),
    ],
)
def test_a_part_is_built_on_production(
    built: Warehouse, state: Path, selected: str, table: str
) -> None:
    before = of_production(contents(built))
    name = f"dev_{selected[:5]}"
    defer = ("--defer", "--favor-state", "--state", str(state))
    status, said = run(developer(built, name), "build", "--select", selected, *defer)
    assert status == 0, said
    after = contents(built)
    assert of_production(after) == before
    made = of_developer(name, after)
    assert table in made
    assert ("reports.rpt_seller_scorecard" in made) == selected.startswith("state")
    assert made.items() <= before.items()


def test_production_and_developers_build_at_once(
    built: Warehouse, history: tuple[Path, Path]
) -> None:
    """Production twice: what one has brought up to date, the other leaves."""
    built.land(history[0], "snapshot")
    everybody = [Warehouse(built.variables, built.folder / at) for at in "ab"]
    everybody += [developer(built, name) for name in ("dev_eva", "dev_rui")]
    builds = [who.start("build", *NO_TESTS) for who in everybody]
    said = [build.communicate(timeout=600)[0] for build in builds]
    assert [build.returncode for build in builds] == [0] * 4, "\n".join(said)
    after = contents(built)
    for name in ("dev_eva", "dev_rui"):
        assert of_developer(name, after) == of_production(after)
