"""What PostgreSQL reads for a build: asked of its plans, so that no clock decides."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from exports import exports
from loaders.tables import TABLES
from plans import Step, plans
from tests import frames
from warehouse import FACTS, NO_TESTS, Warehouse

SCALE = 0.1
HISTORY = {f"raw.{table.name}" for table in TABLES} | {f"marts.{fact}" for fact in FACTS}
# Rows that a step may read: of 10,000 orders, 100 go, 100 change and 100 come.
MOST = 1000


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    return exports(tmp_path_factory.mktemp("history"), SCALE)


@pytest.fixture(scope="module")
def full(warehouse: Warehouse, history: Iterator[Path]) -> list[Step]:
    """Plans of the first build, with as much less memory for sorts as there is less data."""
    warehouse.land(next(history), "snapshot")
    with plans(work_mem=f"{32 * SCALE * 1024:.0f}kB", hash_mem_multiplier="3") as steps:
        warehouse.dbt("build", *NO_TESTS)
    return steps


@pytest.fixture(scope="module")
def incremental(warehouse: Warehouse, history: Iterator[Path], full: list[Step]) -> list[Step]:
    """Plans of the four facts after a later export, in which a seller has moved, too."""
    assert full
    export = next(history)
    lines = frames.read(export, ["order_items"])["order_items"]["seller_id"].value_counts()
    sellers = frames.read(export, ["sellers"])["sellers"]
    sellers.loc[sellers["seller_id"] == lines[lines == 3].index[0], "seller_city"] = "elsewhere"
    frames.write({"sellers": sellers}, export)
    warehouse.land(export, "snapshot")
    with plans() as steps:
        warehouse.dbt("run", "--select", *FACTS)
    return of_facts(steps)


def of_facts(steps: list[Step]) -> list[Step]:
    """Those of the facts; what dbt asks of the catalogue costs the same at any size."""
    return [step for step in steps if step.dbt_node.rpartition(".")[2] in FACTS]


def names(steps: list[Step]) -> list[str]:
    return sorted(map(str, steps))


def test_the_plans_are_those_of_the_four_facts(incremental: list[Step]) -> None:
    """What the other tests ask for is there to be found: what each reads and writes."""
    assert {step.dbt_node.rpartition(".")[2] for step in incremental} == set(FACTS)
    written = Counter(
        step.node["Operation"] for step in incremental if step.node["Node Type"] == "ModifyTable"
    )
    # the last insert of each is its watermark
    assert written == {"Delete": 4, "Update": 4, "Insert": 8}
    scanned = {step.relation for step in incremental if step.rows_read}
    read = {f"raw.{table.name}" for table in TABLES} - {
        "raw.geolocation",
        "raw.products",
        "raw.product_category_name_translation",
    }
    assert scanned >= read | {f"marts.{fact}" for fact in FACTS}


def test_an_incremental_run_scans_no_history(incremental: list[Step]) -> None:
    scans = [
        step
        for step in incremental
        if step.node["Node Type"] == "Seq Scan" and step.relation in HISTORY
    ]
    assert names(scans) == []


def test_an_incremental_run_reads_what_has_changed(incremental: list[Step]) -> None:
    """An index can be read from end to end, too."""
    wide = [step for step in incremental if step.relation in HISTORY and step.rows_read > MOST]
    assert names(wide) == []


def test_no_sort_or_hash_of_a_build_spills(full: list[Step], incremental: list[Step]) -> None:
    assert any(step.node["Node Type"] == "Sort" for step in full)
    assert names([step for step in (*full, *incremental) if step.spills]) == []


def test_the_points_are_aggregated_once(full: list[Step]) -> None:
    """A million rows; audit.invalid_values looks at them only where one of them is bad."""
    readers = {
        step.dbt_node for step in full if step.relation == "raw.geolocation" and step.rows_read
    }
    assert readers == {"model.olist_warehouse.int_geolocation_counted"}
