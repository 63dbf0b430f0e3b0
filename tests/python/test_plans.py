"""What PostgreSQL reads for a build: asked of its plans, so that no clock decides.

auto_explain tells them to the session that runs a statement, without the time of a node.
"""

import json
import re
from collections import Counter, UserList
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg2
import pytest

from exports import exports
from loaders.tables import TABLES
from tests import frames
from warehouse import FACTS, NO_TESTS, Warehouse

SCALE = 0.1
STAGED = tuple(
    f"stg_olist__{name}"
    for name in ("customers", "order_items", "order_payments", "order_reviews", "orders", "sellers")
)
SCOPED = (*STAGED, *FACTS, "dim_customers")  # which are made by what has changed
HISTORY = {
    *(f"raw.{table.name}" for table in TABLES),
    *(f"staging.{table}" for table in STAGED),
    *(f"marts.{table}" for table in ("dim_customers", *FACTS)),
}
# Rows that a step may read: of 10,000 orders, 100 go, 100 change and 100 come.
MOST = 1000
_SETTINGS = {
    "session_preload_libraries": "auto_explain",
    **dict.fromkeys(
        [f"auto_explain.log_{name}" for name in ("analyze", "buffers", "verbose")], "on"
    ),
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_timing": "off",
    "auto_explain.log_format": "json",
    "auto_explain.log_level": "notice",
}


@dataclass(frozen=True)
class Step:
    """One node of one plan, and the dbt node that ran it."""

    model: str
    node: dict[str, Any]

    @property
    def relation(self) -> str:
        """Schema and table that it scans; empty where it scans none."""
        return ".".join(filter(None, (self.node.get("Schema"), self.node.get("Relation Name"))))

    @property
    def rows_read(self) -> int:
        """Rows that it looked at, also those that its filter dropped."""
        rows = self.node["Actual Rows"] + self.node.get("Rows Removed by Filter", 0)
        return int(rows * self.node["Actual Loops"])

    @property
    def spills(self) -> bool:
        """Whether it wrote to disk what did not fit into work_mem."""
        return bool(
            self.node.get("Sort Space Type") == "Disk"
            or self.node.get("Hash Batches", 1) > 1
            or self.node.get("Disk Usage", 0) > 0
        )

    def __str__(self) -> str:
        """How a failing test names it."""
        return f"{self.model}: {self.node['Node Type']} {self.relation}, {self.rows_read} rows"


@contextmanager
def plans(**settings: str) -> Iterator[list[Step]]:
    """Fill the list with the plans of all that dbt runs in this process, when the block ends.

    ``settings`` are for its sessions. Skips the test where the role may not load auto_explain.
    """
    options = " ".join(f"-c {name}={value}" for name, value in (_SETTINGS | settings).items())
    # of a plain list, psycopg2 keeps the last fifty only
    notices, steps, connect = UserList[str](), list[Step](), psycopg2.connect

    def listening(*arguments: Any, **named: Any) -> Any:
        try:
            session = connect(*arguments, **{**named, "options": options})
        except psycopg2.OperationalError as error:
            if "permission denied" in str(error):
                pytest.skip("auto_explain is for superusers")
            raise
        session.notices = notices
        return session

    with mock.patch.object(psycopg2, "connect", listening):
        yield steps
    for notice in notices:
        if " plan:\n" in notice:
            plan, _ = json.JSONDecoder().raw_decode(notice, notice.index("{"))
            found = re.search(r'"node_id": "[^"]*?(\w+)"', plan["Query Text"])
            steps.extend(Step(found[1] if found else "", node) for node in _nodes(plan["Plan"]))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    return exports(tmp_path_factory.mktemp("history"), SCALE)


@pytest.fixture(scope="module")
def full(warehouse: Warehouse, days: Iterator[Path]) -> list[Step]:
    """Plans of the first build, with as much less memory for sorts as there is less data."""
    warehouse.land(next(days), "snapshot")
    with plans(work_mem=f"{32 * SCALE * 1024:.0f}kB", hash_mem_multiplier="3") as steps:
        warehouse.dbt("build", *NO_TESTS)
    return steps


@pytest.fixture(scope="module")
def incremental(warehouse: Warehouse, days: Iterator[Path], full: list[Step]) -> list[Step]:
    """Plans of what is made by changes after a later export, in which a seller has moved."""
    assert full
    export = next(days)
    lines = frames.read(export, ["order_items"])["order_items"]["seller_id"].value_counts()
    sellers = frames.read(export, ["sellers"])["sellers"]
    sellers.loc[sellers["seller_id"] == lines[lines == 3].index[0], "seller_city"] = "elsewhere"
    frames.write({"sellers": sellers}, export)
    warehouse.land(export, "snapshot")
    with plans() as steps:
        warehouse.dbt("run", "--select", *SCOPED)
    # what dbt asks of the catalog costs the same at any size
    return [step for step in steps if step.model in SCOPED]


def names(steps: list[Step]) -> list[str]:
    return sorted(map(str, steps))


def test_the_plans_are_those_of_what_is_made_by_changes(incremental: list[Step]) -> None:
    """What the other tests ask for is there to be found: what each reads and writes."""
    assert {step.model for step in incremental} == {*SCOPED}
    written = Counter(
        step.node["Operation"] for step in incremental if step.node["Node Type"] == "ModifyTable"
    )
    # the last insert of each is its watermark
    assert written == {"Delete": 11, "Update": 11, "Insert": 22}
    unread = {"geolocation", "products", "product_category_name_translation"}
    scanned = {step.relation for step in incremental if step.rows_read}
    assert scanned >= HISTORY - {f"raw.{table}" for table in unread}


def test_an_incremental_run_reads_what_has_changed(incremental: list[Step]) -> None:
    """No scan of a history; and an index can be read from end to end, too."""
    of_history = [step for step in incremental if step.relation in HISTORY]
    assert names([step for step in of_history if step.node["Node Type"] == "Seq Scan"]) == []
    assert names([step for step in of_history if step.rows_read > MOST]) == []


def test_no_sort_or_hash_of_a_build_spills(full: list[Step], incremental: list[Step]) -> None:
    assert any(step.node["Node Type"] == "Sort" for step in full)
    assert names([step for step in (*full, *incremental) if step.spills]) == []


def test_the_points_are_aggregated_once(full: list[Step]) -> None:
    """A million rows; audit.invalid_values looks at them only where one of them is bad."""
    readers = {step.model for step in full if step.relation == "raw.geolocation" and step.rows_read}
    assert readers == {"int_geolocation_counted"}
