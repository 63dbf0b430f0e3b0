"""The star from synthetic files, end to end: it builds without a warning and adds up."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from loaders.sample import generate
from metrics import metrics
from warehouse import DIMENSIONS, FACTS, HISTORIES, Warehouse

SCALE = 0.02


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    generate(folder, SCALE)
    return folder


@pytest.fixture(scope="module")
def built(warehouse: Warehouse, files: Path) -> Warehouse:
    warehouse.land(files, "snapshot")
    results = warehouse.dbt("build", "--warn-error")
    assert set(results.values()) == {"success", "pass"}
    return warehouse


def read(files: Path, name: str) -> list[dict[str, str]]:
    with (files / name).open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize(
    ("fact", "file"),
    [
        ("fct_orders", "olist_orders_dataset.csv"),
        ("fct_order_items", "olist_order_items_dataset.csv"),
        ("fct_payments", "olist_order_payments_dataset.csv"),
        ("fct_reviews", "olist_order_reviews_dataset.csv"),
    ],
)
def test_a_fact_has_a_row_per_row_of_its_file(
    built: Warehouse, files: Path, fact: str, file: str
) -> None:
    assert len(built.mart(fact)) == len(read(files, file))


def test_money_adds_up_to_the_files(built: Warehouse, files: Path) -> None:
    items = read(files, "olist_order_items_dataset.csv")
    payments = read(files, "olist_order_payments_dataset.csv")
    price = sum(Decimal(row["price"]) for row in items)
    freight = sum(Decimal(row["freight_value"]) for row in items)
    paid = sum(Decimal(row["payment_value"]) for row in payments)
    assert built.query("select sum(price), sum(freight_value) from marts.fct_order_items") == [
        (price, freight)
    ]
    assert built.query("select sum(payment_value) from marts.fct_payments") == [(paid,)]
    assert built.query(
        "select sum(items_value), sum(freight_value), sum(payments_value) from marts.fct_orders"
    ) == [(price, freight, paid)]


def test_a_dimension_of_people_not_of_order_customers(built: Warehouse, files: Path) -> None:
    people = {row["customer_unique_id"] for row in read(files, "olist_customers_dataset.csv")}
    members = {row[0] for row in built.mart("dim_customers", "customer_unique_id")}
    assert members == people | {"unknown"}


def test_a_second_build_writes_no_row_of_a_fact(built: Warehouse) -> None:
    # xmin is the transaction that wrote the row: an equal row written again would show
    before = {fact: built.mart(fact, "mart.xmin::text, mart.*") for fact in FACTS}
    dimensions = built.marts(DIMENSIONS + HISTORIES)
    built.dbt("run", "--select", "marts")
    assert {fact: built.mart(fact, "mart.xmin::text, mart.*") for fact in FACTS} == before
    assert built.marts(DIMENSIONS + HISTORIES) == dimensions


def test_a_full_refresh_makes_the_same_rows(built: Warehouse) -> None:
    before = built.marts()
    built.dbt("run", "--select", "marts", "--full-refresh")
    assert built.marts() == before


def test_incremental_runs_fill_empty_facts(built: Warehouse) -> None:
    before = built.marts()
    built.dbt("run", "--empty", "--full-refresh")
    assert built.marts(FACTS) == {fact: [] for fact in FACTS}
    built.dbt("run")
    assert built.marts() == before


def test_every_column_is_described_in_the_database(built: Warehouse) -> None:
    silent = built.query(
        "select attrelid::regclass::text, attname from pg_attribute"
        " join pg_class on pg_class.oid = attrelid"
        " where relnamespace in ('marts'::regnamespace, 'staging'::regnamespace)"
        " and relkind in ('r', 'v') and attnum > 0 and not attisdropped"
        " and left(relname, 1) <> '_'"  # the state of the target's runs
        " and col_description(attrelid, attnum) is null"
    )
    assert silent == []


@pytest.mark.parametrize("query", metrics())
def test_every_query_of_the_metrics_runs(built: Warehouse, query: str) -> None:
    ((value,),) = built.query(query)
    assert value > 0
