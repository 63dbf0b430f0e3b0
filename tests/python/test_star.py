"""The star from synthetic files, end to end: it builds without a warning and adds up."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from conftest import write_csv
from loaders.paths import project_root
from loaders.sample import generate
from metrics import metrics
from warehouse import DIMENSIONS, FACTS, HISTORIES, MARTS, Warehouse

SCALE = 0.02
KEYS = (
    "select conname, contype::text, convalidated from pg_constraint"
    " where connamespace = 'marts'::regnamespace and contype in ('p', 'f')"
)


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
    assert set(built.query(KEYS)) == keys()


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
    assert set(built.query(KEYS)) == keys()


def keys() -> set[tuple[str, str, bool]]:
    """A primary key per mart, a foreign key for each of its keys that is another mart's."""
    found = {(f"{mart}_pkey", "p", True) for mart in MARTS}
    for path in (project_root() / "models" / "marts").glob("*.yml"):
        (model,) = yaml.safe_load(path.read_text("utf-8")).get("models") or [{}]
        for column in model.get("columns", []):
            foreign = column["name"].endswith("_key") and "unique" not in column.get(
                "data_tests", []
            )
            if foreign and not model["name"].endswith("_history"):
                found.add((f"{model['name']}_{column['name']}_fkey", "f", True))
    return found


def test_every_column_is_described_in_the_database(built: Warehouse) -> None:
    silent = built.query(
        "select attrelid::regclass::text, attname from pg_attribute"
        " join pg_class on pg_class.oid = attrelid"
        " where relnamespace in ('marts'::regnamespace, 'staging'::regnamespace)"
        " and relkind in ('r', 'v') and relname not like '\\_%' and attnum > 0 and not attisdropped"
        " and col_description(attrelid, attnum) is null"
    )
    assert silent == []


@pytest.mark.parametrize("query", metrics())
def test_every_query_of_the_metrics_runs(built: Warehouse, query: str) -> None:
    ((value,),) = built.query(query)
    assert value > 0


def test_a_fact_without_its_dimension_has_a_key_that_is_not_valid(
    built: Warehouse, tmp_path: Path
) -> None:
    ((order_id,),) = built.query("select min(order_id) from raw.orders")
    write_csv(tmp_path, "order_payments", f"{order_id},99,barter,1,5.00")
    built.land(tmp_path)
    built.dbt("run", "--select", "fct_payments")
    broken = {name for name, _, valid in built.query(KEYS) if not valid}
    assert broken == {"fct_payments_payment_type_key_fkey"}
    built.dbt("run", "--select", "dim_payment_types")
    assert set(built.query(KEYS)) == keys()
