"""For any history of loads, incremental runs equal a full refresh, in every mart.

Hypothesis draws the histories (histories.py), PostgreSQL and dbt run them. `make test` runs a few
that are the same each time; HYPOTHESIS_PROFILE=nightly draws many new ones.
"""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from psycopg2 import sql

from conftest import administer
from histories import STATUS_CHANGES_FIVE_TIMES, Load, histories
from loaders.tables import TABLES
from warehouse import HISTORIES, MARTS, STAR, Warehouse

_CALM = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
settings.register_profile(
    "quick", _CALM, max_examples=4, derandomize=True, phases=(Phase.explicit, Phase.generate)
)
settings.register_profile("nightly", _CALM, max_examples=200)
PROFILE = settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
_HISTORY_TESTS = tuple(f"{mart}_versions_follow_each_other" for mart in HISTORIES)


class Replay:
    """A database in which one history after another is built from nothing."""

    def __init__(self, warehouse: Warehouse, folder: Path) -> None:
        """Make the template of the database: an empty load, seeds and views."""
        self.warehouse = warehouse
        self.folder = folder
        self.name = warehouse.variables["PGDATABASE"]
        self.template = f"{self.name}_template"
        Load(files={table.name: [] for table in TABLES}).write(folder)
        warehouse.land(folder)
        warehouse.dbt("build", *STAR, "--exclude", "path:models/marts", "path:snapshots")
        administer(warehouse.variables, "create database {} template {}", self.template, self.name)

    def start(self) -> None:
        """Forget everything."""
        administer(self.warehouse.variables, "drop database {} with (force)", self.name)
        administer(
            self.warehouse.variables, "create database {} template {}", self.name, self.template
        )

    def load(self, load: Load) -> None:
        """Land a load and build what comes of it."""
        load.write(self.folder)
        self.warehouse.land(self.folder, load.mode)
        self.build()

    def build(self, *arguments: str) -> None:
        """Build the marts and their history."""
        self.warehouse.dbt(
            "build", *STAR, "--select", "path:models/marts", "path:snapshots", *arguments
        )

    def differences(self) -> dict[str, int]:
        """Rows by which the marts differ from a full refresh, for those that do."""
        self.warehouse.query("create schema incremental", fetch=False)
        for mart in MARTS:
            self._run("create table {copy} as table {mart}", mart)
        self.build("--full-refresh")
        found = {
            mart: self._run(
                "select count(*) from ("
                " (table {mart} except all table {copy}) union all"
                " (table {copy} except all table {mart})) as differences",
                mart,
            )
            for mart in MARTS
        }
        return {mart: rows for mart, rows in found.items() if rows}

    def _run(self, statement: str, mart: str) -> int:
        names = {"mart": sql.Identifier("marts", mart), "copy": sql.Identifier("incremental", mart)}
        rows = self.warehouse.query(
            sql.SQL(statement).format(**names), fetch=statement.startswith("select")
        )
        return int(rows[0][0]) if rows else 0


@pytest.fixture(scope="module")
def replay(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Replay:
    return Replay(warehouse, tmp_path_factory.mktemp("files"))


@PROFILE
@given(history=histories)
@example(history=STATUS_CHANGES_FIVE_TIMES)
def test_incremental_runs_equal_a_full_refresh(replay: Replay, history: list[Load]) -> None:
    replay.start()
    for load in history:
        replay.load(load)
    # No history that can happen breaks a rule that stops a build.
    replay.warehouse.dbt(
        *("test", "--select", "test_type:singular", *_HISTORY_TESTS),
        *("--exclude", "path:models/reports"),
    )
    assert replay.differences() == {}
