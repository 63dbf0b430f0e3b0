"""The published figures of the real dataset, from its zip to the star.

Its license keeps it out of this repository: name it in OLIST_REAL_DATA (folder or zip).
"""

import zipfile
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from conftest import REAL_DATA
from loaders.land import Counts
from raw_sql import metrics
from tests import frames
from tests.frames import Files
from warehouse import DIMENSIONS, FACTS, STAR, Warehouse

pytestmark = pytest.mark.skipif(
    not REAL_DATA, reason="OLIST_REAL_DATA does not name the real dataset (folder or zip)"
)

RAW_ROWS = {
    "customers": 99_441,
    "geolocation": 1_000_163,
    "order_items": 112_650,
    "order_payments": 103_886,
    "order_reviews": 99_224,
    "orders": 99_441,
    "products": 32_951,
    "sellers": 3_095,
    "product_category_name_translation": 71,
}
# Each figure with the query that gives it; all of them are published elsewhere too.
FIGURES = {
    "select count(*) from marts.fct_orders": 99_441,
    "select count(*) from marts.fct_order_items": 112_650,
    "select count(*) from marts.fct_payments": 103_886,
    "select count(*) from marts.fct_reviews": 99_224,
    "select count(*) from marts.dim_customers where customer_key <> '-1'": 96_096,
    "select sum(price) from marts.fct_order_items": Decimal("13591643.70"),
    "select sum(freight_value) from marts.fct_order_items": Decimal("2251909.54"),
    "select sum(payment_value) from marts.fct_payments": Decimal("16008872.12"),
    "select sum(items_value) from marts.fct_orders": Decimal("13591643.70"),
    "select sum(freight_value) from marts.fct_orders": Decimal("2251909.54"),
    "select sum(payments_value) from marts.fct_orders": Decimal("16008872.12"),
    "select count(*) from marts.fct_orders where is_late": 6_534,
    "select count(*) from marts.fct_orders where item_count = 0": 775,
    "select count(*) from marts.fct_orders where review_score is null": 768,
    "select count(*) from marts.dim_products where category_name = 'unknown'"
    " and product_key <> '-1'": 610,
    "select count(*) from marts.dim_products where category_name = category_name_portuguese"
    " and category_name in ('pc_gamer', 'portateis_cozinha_e_preparadores_de_alimentos')": 13,
    "select max(date_key) from marts.fct_order_items join marts.dim_dates"
    " on shipping_limit_date_key = date_key": 20_200_409,
}


@pytest.fixture(scope="module")
def real(warehouse: Warehouse) -> Warehouse:
    landed = warehouse.land(Path(str(REAL_DATA)), "snapshot")
    assert landed == Counts(read=1_550_922, new=1_550_922)
    warehouse.dbt("build")
    return warehouse


@pytest.mark.parametrize(("table", "rows"), RAW_ROWS.items())
def test_raw_rows(real: Warehouse, table: str, rows: int) -> None:
    assert real.query(f"select count(*) from raw.{table}") == [(rows,)]


@pytest.mark.parametrize(("query", "figure"), [*FIGURES.items(), *metrics().items()])
def test_figure(real: Warehouse, query: str, figure: int | Decimal) -> None:
    assert real.query(query) == [(figure,)]


def test_landing_and_building_again_changes_no_row(real: Warehouse) -> None:
    assert real.land(Path(str(REAL_DATA)), "snapshot") == Counts()
    written = {fact: real.mart(fact, "mart.xmin::text, mart.order_id") for fact in FACTS}
    real.dbt("build")
    for fact, rows in written.items():
        assert real.mart(fact, "mart.xmin::text, mart.order_id") == rows


def test_the_facts_made_again_are_the_same(real: Warehouse) -> None:
    before = real.marts(FACTS)
    real.dbt("run", "--full-refresh", "--select", *FACTS)
    assert real.marts(FACTS) == before
    # An incremental run in which every order has changed: with a plan for few it would not end.
    real.dbt("run", "--empty", "--full-refresh", "--select", *FACTS)
    real.dbt("run", "--select", *FACTS)
    assert real.marts(FACTS) == before


def by_month(files: Files) -> Iterator[Files]:
    """The files as they would have come in: a delta a month, whose sum is the whole.

    An order comes in the month of its purchase, as it was then, and again, complete, in that of its
    last milestone. Its lines and payments come with it; its reviews when they were answered; its
    customer, and the products and sellers of its lines, a month after it.
    """
    orders, items = files["orders"], files["order_items"]
    milestones = [f"order_{name}" for name in ("approved_at", "delivered_carrier_date")]
    milestones.append("order_delivered_customer_date")
    bought = orders["order_purchase_timestamp"].str[:7]
    moments = orders[["order_purchase_timestamp", *milestones]].to_numpy(dtype=object)
    after = bought.map(lambda month: str(pd.Period(month, "M") + 1))
    sold = items.assign(month=items["order_id"].map(after.set_axis(orders["order_id"])))
    months = {
        "orders": pd.Series(moments.max(axis=1), index=orders.index).str[:7],
        "order_reviews": files["order_reviews"]["review_answer_timestamp"].str[:7],
        "customers": files["customers"]["customer_id"].map(after.set_axis(orders["customer_id"])),
    }
    for name in ("order_items", "order_payments"):
        months[name] = files[name]["order_id"].map(bought.set_axis(orders["order_id"]))
    for name, key in (("products", "product_id"), ("sellers", "seller_id")):
        months[name] = files[name][key].map(sold.groupby(key)["month"].min())
    loads: dict[str, Files] = defaultdict(dict)
    for name, rows in files.items():
        month = months.get(name, pd.Series(bought.min(), index=rows.index))
        for key, part in rows.groupby(month.replace("", "9999-12").fillna("9999-12")):
            loads[str(key)][name] = part
    early = orders.assign(order_status="created", **dict.fromkeys(milestones, ""))
    for key, part in early[bought < months["orders"]].groupby(bought):
        load = loads[str(key)]
        load["orders"] = pd.concat([part, load.get("orders", part[:0])])
    yield from (loads[each] for each in sorted(loads))


def test_month_by_month_equals_all_at_once(
    real: Warehouse, rebuilt_warehouse: Warehouse, tmp_path: Path
) -> None:
    data = Path(str(REAL_DATA))
    if data.is_file():
        zipfile.ZipFile(data).extractall(tmp_path / "all")
        data = tmp_path / "all"
    months = tmp_path / "month"
    months.mkdir()
    grown = rebuilt_warehouse
    for number, files in enumerate(by_month(frames.read(data))):
        for file in months.glob("*.csv"):
            file.unlink()
        frames.write(files, months)
        grown.land(months)
        if number == 0:
            grown.dbt("build", *STAR)
        grown.dbt("run", "--select", *FACTS)
    grown.dbt("build")
    grown_facts = grown.marts(FACTS)
    batch = ("_batch_id",)  # which batch brought a row is the one thing that differs
    names = "select column_name from information_schema.columns where table_schema = 'marts' and"
    for mart in FACTS + DIMENSIONS:
        columns = ", ".join(
            name for (name,) in real.query(f"{names} table_name = '{mart}'") if name not in batch
        )
        assert grown.mart(mart, columns) == real.mart(mart, columns), mart
    grown.dbt("run", "--full-refresh", "--select", *FACTS)
    assert grown.marts(FACTS) == grown_facts
