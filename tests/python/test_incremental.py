"""Whatever arrives, late, corrected, early or removed: incremental runs equal a full refresh.

Two warehouses land the same batches. One only ever runs incrementally, the other is rebuilt from
nothing after each batch; then every mart is compared, row by row and column by column.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from loaders.sample import generate
from tests import frames
from tests.frames import Files
from warehouse import DIMENSIONS, FACTS, STAR, Warehouse

SCALE = 0.005
CUT = "2018-01-01"


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """All nine files, as text."""
    folder = tmp_path_factory.mktemp("sample")
    generate(folder, SCALE)
    return frames.read(folder)


@pytest.fixture
def step(tmp_path: Path, warehouse: Warehouse, rebuilt_warehouse: Warehouse) -> Callable[..., None]:
    """Land a batch in both, run one incrementally, rebuild the other, compare."""

    def run(files: Files, mode: str = "delta", *, with_tests: bool = False) -> None:
        frames.write(files, tmp_path)
        for target in (warehouse, rebuilt_warehouse):
            target.land(tmp_path, mode)
        warehouse.dbt("build", *(() if with_tests else STAR))
        rebuilt_warehouse.dbt("build", "--full-refresh", *STAR)
        # not the histories: they are of the batches' times, and each database has its own
        for name in FACTS + DIMENSIONS:
            assert warehouse.mart(name) == rebuilt_warehouse.mart(name), name

    return run


@pytest.fixture(scope="module")
def early(complete: Files) -> Files:
    """What a first load has: old orders without the lines of every third, and half the rest."""
    orders = complete["orders"]
    old = orders[orders["order_purchase_timestamp"] < CUT]
    incomplete = set(old["order_id"][::3])
    of_old = {
        name: complete[name][complete[name]["order_id"].isin(old["order_id"])]
        for name in ("order_items", "order_payments", "order_reviews")
    }
    customers = complete["customers"]
    return {
        **complete,
        **of_old,
        "orders": old,
        "order_items": of_old["order_items"][~of_old["order_items"]["order_id"].isin(incomplete)],
        "customers": customers[customers["customer_id"].isin(old["customer_id"][::2])],
        "products": complete["products"][::2],
        "sellers": complete["sellers"][::2],
        "geolocation": complete["geolocation"][::2],
    }


def test_a_first_load_that_lacks_members(step: Callable[..., None], early: Files) -> None:
    step(early)


def test_children_before_their_orders(
    step: Callable[..., None], complete: Files, warehouse: Warehouse
) -> None:
    children = ("order_items", "order_payments", "order_reviews")
    step({name: complete[name] for name in children}, with_tests=True)
    waiting = warehouse.query(
        "select count(*), count(distinct customer_key), count(distinct order_status)"
        " from marts.fct_order_items where order_status = 'unknown'"
    )
    assert waiting[0][0] > 0
    assert waiting[0][1:] == (1, 1)  # all on the unknown customer
    inferred = warehouse.query("select count(*) from marts.dim_products where is_inferred")
    assert inferred[0][0] > 0


def test_the_orders_and_members_arrive(
    step: Callable[..., None], complete: Files, warehouse: Warehouse
) -> None:
    step(complete)
    for query in (
        "select count(*) from marts.fct_order_items where order_status = 'unknown'",
        "select count(*) from marts.fct_orders where customer_key = '-1'",
        "select count(*) from marts.dim_products where is_inferred",
        "select count(*) from marts.dim_sellers where is_inferred",
    ):
        assert warehouse.query(query) == [(0,)]


def test_corrections_of_old_rows(step: Callable[..., None], complete: Files) -> None:
    changed = {name: rows.copy() for name, rows in complete.items()}
    changed["orders"].loc[::7, "order_status"] = "canceled"
    changed["orders"].loc[::11, "order_delivered_customer_date"] = "2018-10-17 13:22:46"
    changed["order_items"].loc[::5, "price"] = "1234.56"
    changed["order_payments"].loc[::6, "payment_type"] = "pix"
    changed["order_reviews"].loc[::4, "review_score"] = "1"
    changed["order_reviews"].loc[::9, "review_answer_timestamp"] = "2019-01-01 00:00:00"
    changed["customers"].loc[::8, "customer_zip_code_prefix"] = "01001"
    changed["customers"].loc[::10, "customer_unique_id"] = "f" * 32
    changed["sellers"].loc[::3, "seller_zip_code_prefix"] = "99990"
    changed["products"].loc[::3, "product_category_name"] = "bebes"
    step(changed)


def test_rows_vanish_from_a_snapshot(
    step: Callable[..., None], complete: Files, warehouse: Warehouse
) -> None:
    orders = complete["orders"]
    gone = set(orders["order_id"][::13])  # orders with all that is theirs
    kept = {
        name: rows[~rows["order_id"].isin(gone)] if "order_id" in rows else rows
        for name, rows in complete.items()
    }
    # and, of the orders that stay: lines, payments, reviews, customers, sellers, products
    for name, every in (
        ("order_items", 17),
        ("order_payments", 19),
        ("order_reviews", 5),
        ("customers", 23),
        ("sellers", 4),
        ("products", 6),
    ):
        kept[name] = kept[name].drop(kept[name].index[::every])
    step(kept, mode="snapshot", with_tests=True)
    found = {row[0] for row in warehouse.mart("fct_orders", "order_id")}
    assert found == set(kept["orders"]["order_id"])


def test_they_come_back(step: Callable[..., None], complete: Files) -> None:
    step(complete, mode="snapshot")


def test_an_order_that_vanishes_alone_leaves_its_lines(
    step: Callable[..., None], complete: Files, warehouse: Warehouse
) -> None:
    step({**complete, "orders": complete["orders"][5:]}, mode="snapshot")
    orphans = warehouse.query(
        "select count(*) from marts.fct_order_items where customer_key = '-1'"
    )
    assert orphans[0][0] > 0


def test_nothing_new(step: Callable[..., None], complete: Files) -> None:
    step({**complete, "orders": complete["orders"][5:]}, mode="snapshot")


def test_rows_of_the_newest_batch_are_replaced_while_others_go(
    step: Callable[..., None], complete: Files, warehouse: Warehouse
) -> None:
    """The newest batch of a fact falls while it deletes: its rows go, and a removal leaves none."""
    step(complete, mode="snapshot")
    for name, column in (
        ("order_payments", "payment_value"),
        ("order_items", "price"),
        ("order_reviews", "review_score"),
        ("customers", "customer_zip_code_prefix"),
    ):
        rows = complete[name].copy()
        column_at = rows.columns.get_loc(column)
        rows.iloc[0, column_at] = "5"
        step({name: rows.drop(rows.index[1])}, mode="snapshot")
        rows.iloc[0, column_at] = "4"
        step({name: rows.iloc[:1]})
    assert warehouse.query("select count(*) - count(distinct order_id) from marts.fct_orders") == [
        (0,)
    ]
