"""Whatever arrives, late, corrected, early or removed: incremental runs equal a full refresh.

Each step lands a batch, runs the marts incrementally, and compares them, row by row and column by
column, with a full refresh of the same raw data. The loads are those that mutants are tried on.
"""

import pytest

from load_sequence import LoadSequence
from tests import frames
from tests.mutation import scenario
from warehouse import FACTS, MARTS_ONLY, STAR, Warehouse


@pytest.fixture(scope="module")
def loads(tmp_path_factory: pytest.TempPathFactory) -> dict[str, scenario.Load]:
    """Batches in their order: a folder, and the mode to land it in."""
    folder = tmp_path_factory.mktemp("loads")
    before, after = scenario.write(folder, 0.003)
    orders = frames.read(folder / "base", ["orders"])["orders"]
    (folder / "orphans").mkdir()
    frames.write({"orders": orders[5:]}, folder / "orphans")
    names = ("early", "children", "reduced", "latest", "all", "orphans")
    whole = [(folder / name, "snapshot") for name in ("base", "orphans")]
    return dict(zip(names, [*before, *after, *whole], strict=True))


def test_the_first_load_has_half_of_what_belongs_together(
    warehouse: Warehouse, loads: dict[str, scenario.Load]
) -> None:
    warehouse.land(*loads["early"])
    warehouse.dbt("build", *STAR)
    assert all(len(rows) > 1 for rows in warehouse.marts(FACTS).values())


@pytest.mark.parametrize(
    ("load", "conditions"),
    [
        (
            "children",  # before their orders, on the unknown customer and inferred members
            {
                "count(*) > 0 and count(distinct customer_key) = 1 from marts.fct_order_items"
                " where order_status = 'unknown'",
                "count(*) > 0 from marts.dim_sellers where is_inferred",
            },
        ),
        (
            "reduced",  # the orders arrive, old rows are corrected, other rows have gone
            {
                "count(*) > 0 from marts.dim_customers where is_removed",
                "count(*) > 0 from marts.fct_order_items where price = 1234.56",
            },
        ),
        ("latest", {"count(*) > 0 from marts.fct_payments where payment_value = 88.88"}),
        (
            "all",  # what had gone is back, and as it was at first
            {
                "count(*) = 0 from marts.fct_order_items where order_status = 'unknown'",
                "count(*) = 0 from marts.fct_orders where customer_key = '-1'",
                "count(*) = 0 from marts.dim_products where is_inferred",
                "count(*) = 0 from marts.dim_sellers where is_inferred",
            },
        ),
        ("orphans", {"count(*) > 0 from marts.fct_order_items where customer_key = '-1'"}),
    ],
)
def test_incremental_runs_equal_a_full_refresh(
    warehouse: Warehouse, loads: dict[str, scenario.Load], load: str, conditions: set[str]
) -> None:
    folder, mode = loads[load]
    warehouse.land(folder, mode)
    warehouse.dbt("run", "--select", *MARTS_ONLY)
    for condition in conditions:
        assert warehouse.query(f"select {condition}") == [(True,)], condition
    if mode == "snapshot":
        found = {row[0] for row in warehouse.mart("fct_orders", "order_id")}
        orders = frames.read(folder, ["orders"])["orders"]["order_id"]
        assert found == {*orders.str.strip()}
    if load == "reduced":
        warehouse.dbt(
            *("test", "--select", "test_type:singular", "path:models/marts"),
            *("--exclude", "path:models/reports"),
        )
    rows = warehouse.marts(FACTS)
    warehouse.dbt("run", "--full-refresh", "--select", *FACTS)
    assert warehouse.marts(FACTS) == rows


@pytest.fixture(scope="module")
def small(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> LoadSequence:
    """A snapshot of three orders in place of all others."""
    made = LoadSequence(warehouse, tmp_path_factory.mktemp("small"), is_built=True)
    made.land()
    made.run()
    return made


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
    small: LoadSequence, table: str, row: str
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
