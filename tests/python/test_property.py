"""For any history of loads, incremental runs equal a full refresh, and histories say what was.

Hypothesis draws the histories (histories.py), PostgreSQL and dbt run them. `make test` runs a few
that are the same each time; HYPOTHESIS_PROFILE=nightly draws many new ones.
"""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from conftest import administer
from dimension_rows import as_of
from histories import EMPTY, Load, histories
from warehouse import HISTORIES, MARTS_ONLY, STAR, Rows, Warehouse

_CALM = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
settings.register_profile(
    "quick", _CALM, max_examples=4, derandomize=True, phases=(Phase.explicit, Phase.generate)
)
settings.register_profile("nightly", _CALM, max_examples=200)
PROFILE = settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
_HISTORY_TESTS = tuple(f"{mart}_versions_follow_each_other" for mart in HISTORIES)
ATTRIBUTES = {
    "dim_sellers": "seller_id, zip_code_prefix, city, state_code",
    "dim_customers": "customer_unique_id, zip_code_prefix, city, state_code",
    "dim_products": "product_id, category_name_portuguese, photos_count, weight_g, volume_cm3",
}


class Replay:
    """A database in which one history after another is built from nothing."""

    def __init__(self, warehouse: Warehouse, folder: Path) -> None:
        """Make the template of the database: an empty load, seeds, views and the calendar."""
        self.warehouse = warehouse
        self.folder = folder
        self.name = warehouse.variables["PGDATABASE"]
        self.template = f"{self.name}_template"
        EMPTY.write(folder)
        warehouse.land(folder)
        warehouse.dbt("build", *STAR, "--exclude", "path:models/marts", "path:models/reports")
        warehouse.dbt("run", "--select", "dim_dates")
        administer(warehouse.variables, "create database {} template {}", self.template, self.name)

    def start(self) -> None:
        """Forget everything."""
        administer(self.warehouse.variables, "drop database {} with (force)", self.name)
        administer(
            self.warehouse.variables, "create database {} template {}", self.name, self.template
        )

    def load(self, load: Load) -> None:
        """Land a load, and build what comes of it where it says so."""
        load.write(self.folder)
        self.warehouse.land(self.folder, load.mode)
        if load.builds:
            for column in ("above_g", "up_to_g"):  # as a changed seed would
                self.warehouse.query(
                    f"update seeds.weight_bands set {column} = {load.weight_limit}"
                    f" where {column} in (500, 600)",
                    fetch=False,
                )
            self.build()

    def build(self, *arguments: str) -> None:
        """Build the marts."""
        self.warehouse.dbt("run", "--select", *MARTS_ONLY, *arguments)

    def differences(self) -> dict[str, Rows]:
        """Rows by which the marts differ from a full refresh, for those that do."""
        found = self.warehouse.marts()
        self.build("--full-refresh")
        return {
            mart: sorted(set(rows) ^ set(found[mart]), key=repr)
            for mart, rows in self.warehouse.marts().items()
            if rows != found[mart]
        }

    def wrong_versions(self) -> list[object]:
        """What histories say otherwise than raw as of any batch, or than dimensions of today."""
        batches = self.warehouse.query(
            "select batch_id, (loaded_at at time zone 'America/Sao_Paulo')::text from raw._batches"
            " where status = 'landed'"
        )
        wrong: list[object] = []
        for batch, moment in batches:
            for mart, members in as_of(self.warehouse, batch).items():
                versions = self.warehouse.query(
                    f"select {ATTRIBUTES[mart]}, is_removed from marts.{mart}_history"
                    f" where valid_from <= '{moment}' and valid_to > '{moment}'"
                )
                found = {name: (tuple(values), gone) for name, *values, gone in versions}
                wrong += [
                    (mart, batch, name, member, found.get(name))
                    for name, member in members.items()
                    if found.get(name) != member
                ]
        for mart, columns in ATTRIBUTES.items():
            today = f"select {columns} from marts.{mart} where not is_removed"
            newest = today.replace(mart, f"{mart}_history") + " and is_current"
            wrong += self.warehouse.query(
                f"({newest} except {today}) union ({today} except {newest})"
            )
        return wrong


@pytest.fixture(scope="module")
def replay(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Replay:
    return Replay(warehouse, tmp_path_factory.mktemp("files"))


@PROFILE
@given(history=histories())
def test_incremental_runs_equal_a_full_refresh(replay: Replay, history: list[Load]) -> None:
    replay.start()
    for load in history:
        replay.load(load)
    replay.build()
    # No history that can happen breaks a rule that stops a build.
    replay.warehouse.dbt(
        *("test", "--select", "test_type:singular", *_HISTORY_TESTS),
        *("--exclude", "path:models/reports"),
    )
    assert replay.wrong_versions() == []
    assert replay.differences() == {}
