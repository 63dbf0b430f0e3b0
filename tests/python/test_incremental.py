"""Whatever arrives, late, corrected, early or removed: incremental runs equal a full refresh.

Each step lands a batch, runs the marts incrementally, and compares them, row by row and column by
column, with a full refresh of the same raw data.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from loaders.sample import generate
from story import Story
from tests import frames
from tests.frames import Files
from warehouse import FACTS, MARTS, MARTS_ONLY, STAR, Warehouse

SCALE = 0.003
SPLIT = "2018-01-01"
Step = Callable[..., None]


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """All nine files, as text."""
    folder = tmp_path_factory.mktemp("sample")
    generate(folder, SCALE)
    return frames.read(folder)


@pytest.fixture
def step(tmp_path: Path, warehouse: Warehouse) -> Step:
    """Land a batch, run the marts, compare them with a full refresh."""

    def run(files: Files, mode: str = "delta", *, with_tests: bool = False) -> None:
        frames.write(files, tmp_path)
        warehouse.land(tmp_path, mode)
        warehouse.dbt("run", "--select", *MARTS_ONLY)
        if with_tests:
            warehouse.dbt(
                *("test", "--select", "test_type:singular", "path:models/marts"),
                *("--exclude", "path:models/reports"),
            )
        found = warehouse.marts(MARTS)
        warehouse.dbt("run", "--full-refresh", "--select", *FACTS)
        assert warehouse.marts(FACTS) == {fact: found[fact] for fact in FACTS}

    return run


@pytest.fixture(scope="module")
def early(complete: Files) -> Files:
    """What a first load has: old orders without the lines of every third, and half the rest."""
    orders = complete["orders"]
    old = orders[orders["order_purchase_timestamp"] < SPLIT]
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


def test_children_before_their_orders(
    step: Step, early: Files, complete: Files, warehouse: Warehouse, tmp_path: Path
) -> None:
    frames.write(early, tmp_path)
    warehouse.land(tmp_path)
    warehouse.dbt("build", *STAR)
    children = ("order_items", "order_payments", "order_reviews")
    step({name: complete[name] for name in children})
    waiting = warehouse.query(
        "select count(*), count(distinct customer_key), count(distinct order_status)"
        " from marts.fct_order_items where order_status = 'unknown'"
    )
    assert waiting[0][0] > 0
    assert waiting[0][1:] == (1, 1)  # all on the unknown customer
    inferred = warehouse.query("select count(*) from marts.dim_products where is_inferred")
    assert inferred[0][0] > 0


def test_the_orders_and_members_arrive(step: Step, complete: Files, warehouse: Warehouse) -> None:
    step(complete)
    for query in (
        "select count(*) from marts.fct_order_items where order_status = 'unknown'",
        "select count(*) from marts.fct_orders where customer_key = '-1'",
        "select count(*) from marts.dim_products where is_inferred",
        "select count(*) from marts.dim_sellers where is_inferred",
    ):
        assert warehouse.query(query) == [(0,)]


def test_corrections_of_old_rows(step: Step, complete: Files) -> None:
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


def test_rows_vanish_from_a_snapshot_and_come_back(
    step: Step, complete: Files, warehouse: Warehouse
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
    assert warehouse.query("select count(*) > 0 from marts.dim_customers where is_removed") == [
        (True,)
    ]
    step(complete, mode="snapshot")


def test_an_order_that_vanishes_alone_leaves_its_lines(
    step: Step, complete: Files, warehouse: Warehouse
) -> None:
    step({**complete, "orders": complete["orders"][5:]}, mode="snapshot")
    orphans = warehouse.query(
        "select count(*) from marts.fct_order_items where customer_key = '-1'"
    )
    assert orphans[0][0] > 0


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("order_payments", "o1,1,credit_card,1,{}.00"),
        ("order_items", "o1,1,p1,s1,2018-01-05 00:00:00,{}.00,1.00"),
        ("order_reviews", "r1,o1,{},,muito bom,2018-01-12 00:00:00,2018-01-13 10:00:00"),
        ("customers", "c1,u1,0115{},sao paulo,SP"),
        ("sellers", "s1,0115{},sao paulo,SP"),
    ],
)
def test_rows_of_the_newest_batch_are_replaced_while_others_go(
    small: Story, table: str, row: str
) -> None:
    """Case 40: a removal leaves no row behind, and the rows of the newest batch go, too."""
    small.land({table: [row.format(5)]})
    small.run()
    small.land({table: [row.format(4)]}, "delta")
    small.run()
    found = small.warehouse.marts(FACTS)
    assert len(found["fct_orders"]) == 3
    small.run("--full-refresh")
    assert small.warehouse.marts(FACTS) == found


@pytest.fixture(scope="module")
def small(rebuilt_warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Story:
    made = Story(rebuilt_warehouse, tmp_path_factory.mktemp("small"))
    made.land()
    made.run()
    return made
