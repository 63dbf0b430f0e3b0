"""The star from synthetic files, end to end: it adds up, and a build writes what has changed."""

from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from loaders.paths import project_root
from raw_sql import metrics
from tests import frames
from warehouse import FACTS, MARTS, Warehouse

TABLES = ("orders", "order_items", "order_payments", "order_reviews")  # of each fact
KEYS = (  # a table that is made anew has its key beside the old one for a moment: _pkey1
    r"select regexp_replace(conname, '_pkey\d+$', '_pkey') from pg_constraint"
    " where connamespace = 'marts'::regnamespace and contype in ('p', 'f')"
)


def keys(built: Warehouse) -> set[str]:
    """A primary key per mart; on PostgreSQL 18 the foreign keys that tests hold."""
    found = {f"{mart}_pkey" for mart in MARTS}
    if built.query("select current_setting('server_version_num')::integer < 180000") == [(True,)]:
        return found
    for path in (project_root() / "models" / "marts").glob("*.yml"):
        (model,) = yaml.safe_load(path.read_text("utf-8")).get("models") or [{}]
        for test in model.get("data_tests", []):
            held = test.get("foreign_keys") if isinstance(test, dict) else None
            if held and held.get("config", {}).get("severity") != "warn":
                found |= {f"{model['name']}_{key}_fkey" for key in held["arguments"]["columns"]}
    return found


def written(built: Warehouse) -> dict[str, list[tuple[object, ...]]]:
    """Rows of the facts, each with the transaction that wrote it."""
    return {fact: built.mart(fact, "mart.xmin::text, mart.*") for fact in FACTS}


def test_the_facts_add_up_to_the_files(built: Warehouse, history: tuple[Path, Path]) -> None:
    files = frames.read(history[0])
    for fact, table in zip(FACTS, TABLES, strict=True):
        assert built.query(f"select count(*) from marts.{fact}") == [(len(files[table]),)]

    def total(table: str, column: str) -> Decimal:
        return sum(map(Decimal, files[table][column]), Decimal())

    price, freight = (total("order_items", name) for name in ("price", "freight_value"))
    paid = total("order_payments", "payment_value")
    for query, figures in (
        ("select sum(price), sum(freight_value) from marts.fct_order_items", (price, freight)),
        ("select sum(payment_value) from marts.fct_payments", (paid,)),
        (
            "select sum(items_value), sum(freight_value), sum(payments_value)"
            " from marts.fct_orders",
            (price, freight, paid),
        ),
    ):
        assert built.query(query) == [figures]
    members = {row[0] for row in built.mart("dim_customers", "customer_unique_id")}
    assert members == {*files["customers"]["customer_unique_id"], "unknown"}


def test_every_unit_test_passes(built: Warehouse) -> None:
    statuses = built.dbt("test", "--select", "test_type:unit")
    assert len(statuses) > 80


def test_every_query_of_the_metrics_runs(built: Warehouse) -> None:
    assert all(built.query(query)[0][0] > 0 for query in metrics())


def test_every_column_is_described_in_the_database(built: Warehouse) -> None:
    silent = built.query(
        "select attrelid::regclass::text, attname from pg_attribute"
        " join pg_class on pg_class.oid = attrelid"
        " where relnamespace in ('marts'::regnamespace, 'staging'::regnamespace)"
        " and relkind in ('r', 'v') and relname not like '\\_%' and attnum > 0 and not attisdropped"
        " and col_description(attrelid, attnum) is null"
    )
    assert silent == []


def test_a_later_export_is_built_on_it(built: Warehouse, history: tuple[Path, Path]) -> None:
    """Every test holds on tables that were built before, without a warning."""
    before = written(built)
    built.land(history[1], "snapshot")
    built.dbt("build", "--warn-error", "--exclude-resource-type", "unit_test")
    for fact, rows in written(built).items():
        assert 0 < len({*rows} - {*before[fact]}) < len(rows) / 10, fact


@pytest.mark.parametrize(
    "commands",
    [
        (("run", "--select", "marts", "--full-refresh"),),
        (("run", "--empty", "--full-refresh"), ("run",)),
    ],
    ids=["full refresh", "incremental from empty"],
)
def test_made_again_the_rows_and_keys_are_the_same(
    built: Warehouse, commands: tuple[tuple[str, ...], ...]
) -> None:
    before = built.marts()
    for command in commands:
        built.dbt(*command)
        if "--empty" in command:
            assert built.marts(FACTS) == {fact: [] for fact in FACTS}
    assert built.marts() == before
    assert {name for (name,) in built.query(KEYS)} == keys(built)
