"""The files of the optional tables: made with the sample, landed like the nine, never needed."""

import hashlib
from pathlib import Path

import pandas as pd
import pytest

from loaders.cli import main
from loaders.sample import generate
from loaders.tables import OPTIONAL, TABLES
from tests import frames
from tests.frames import Files

SCALE = 0.02
OPERATIONS = [table for table in OPTIONAL if table.source == "operations"]


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("operations")
    generate(made, SCALE, with_operations=True)
    return made


@pytest.fixture(scope="module")
def files(folder: Path) -> Files:
    return frames.read(folder, [table.name for table in (*TABLES, *OPERATIONS)])


@pytest.fixture(scope="module")
def moves(files: Files) -> pd.DataFrame:
    rows = files["inventory_transactions"]
    return rows.assign(quantity=rows["quantity"].astype(int))


def test_the_nine_files_are_the_same_with_and_without(folder: Path, tmp_path: Path) -> None:
    rows = generate(tmp_path, SCALE)
    assert sorted(rows) == sorted(table.file for table in TABLES)
    without = digests(tmp_path)
    both = digests(folder)
    assert set(both) - set(without) == {table.file for table in OPERATIONS}
    assert {name: both[name] for name in without} == without


def test_every_order_line_is_a_sale(files: Files, moves: pd.DataFrame) -> None:
    names = ["order_id", "order_item_id", "product_id", "seller_id"]
    sales = moves[moves["transaction_type"] == "sale"]
    assert (sales["quantity"] == -1).all()
    orders = files["orders"].set_index("order_id")["order_purchase_timestamp"]
    lines = files["order_items"][names]
    lines = lines.assign(transaction_at=lines["order_id"].map(orders)).sort_values(names)
    ours = sales[[*names, "transaction_at"]].sort_values(names)
    assert (ours.to_numpy() == lines.to_numpy()).all()


def test_returns_are_of_lines_that_were_sold_before(moves: pd.DataFrame) -> None:
    names = ["order_id", "order_item_id", "product_id", "seller_id"]
    sales = moves[moves["transaction_type"] == "sale"]
    returns = moves[moves["transaction_type"] == "return"]
    joined = returns.merge(sales, on=names, suffixes=("", "_sold"))
    assert len(joined) == len(returns) > 10
    assert (joined["transaction_at"] > joined["transaction_at_sold"]).all()
    assert (joined["unit_cost"] == joined["unit_cost_sold"]).all()
    assert not returns.duplicated(names).any()


def test_no_stock_is_ever_negative_and_some_run_out(moves: pd.DataFrame) -> None:
    assert moves["transaction_id"].is_unique
    assert moves["transaction_at"].is_monotonic_increasing
    level = moves.groupby(["product_id", "seller_id"])["quantity"].cumsum()
    assert level.min() == 0
    last = moves.groupby(["product_id", "seller_id"])["quantity"].sum()
    assert 0.05 < (last == 0).mean() < 0.6
    assert set(moves["transaction_type"]) == {"receipt", "sale", "return", "adjustment"}
    assert (moves["unit_cost"].astype(float) > 0).all()
    assert moves["transaction_at"].max() < "2018-09-01"


def test_campaigns_bring_orders_that_there_are(files: Files) -> None:
    days = files["marketing_campaigns"]
    assert not days.duplicated(["campaign_id", "campaign_date"]).any()
    numbers = days.assign(
        **{
            name: days[name].astype(float)
            for name in ("impressions", "clicks", "cost", "attributed_orders", "attributed_revenue")
        }
    )
    assert (numbers["clicks"] <= numbers["impressions"]).all()
    assert (numbers["attributed_orders"] <= numbers["clicks"]).all()
    assert ((numbers["attributed_orders"] > 0) == (numbers["attributed_revenue"] > 0)).all()
    orders = files["orders"].assign(day=files["orders"]["order_purchase_timestamp"].str[:10])
    lines = files["order_items"].assign(price=files["order_items"]["price"].astype(float))
    value = lines.groupby("order_id")["price"].sum()
    shop = orders.assign(value=orders["order_id"].map(value)).dropna().groupby("day")["value"]
    brought = numbers.groupby("campaign_date")[["attributed_orders", "attributed_revenue"]].sum()
    sold = pd.DataFrame({"orders": shop.count(), "revenue": shop.sum()}).reindex(brought.index)
    sold = sold.fillna(0)
    assert (brought["attributed_orders"] <= sold["orders"]).all()
    assert (brought["attributed_revenue"] <= sold["revenue"] + 0.005).all()
    assert 0.25 < brought["attributed_orders"].sum() / sold["orders"].sum() < 0.45
    assert set(numbers["channel"]) == {
        *("affiliate", "display", "email", "paid_search", "social", "video")
    }


def test_every_order_line_has_an_invoice(files: Files) -> None:
    invoices = files["invoices"]
    assert invoices["invoice_id"].is_unique
    lines = files["order_items"].merge(files["orders"], on="order_id")
    lines = lines.merge(files["products"], on="product_id").merge(files["sellers"], on="seller_id")
    lines = lines.merge(files["customers"], on="customer_id")
    same = ["order_id", "customer_id", "seller_id", "product_category_name", "price"]
    same += ["freight_value", "customer_city", "customer_state", "seller_state"]
    ours = sorted(map(tuple, invoices[same].to_numpy()))
    assert ours == sorted(map(tuple, lines[same].to_numpy()))
    total = invoices["price"].astype(float) + invoices["freight_value"].astype(float)
    assert (abs(total - invoices["total_value"].astype(float)) < 0.005).all()
    paid = invoices[invoices["payment_type"] != ""]
    payments = files["order_payments"][["order_id", "payment_type", "payment_installments"]]
    assert set(map(tuple, paid[payments.columns].to_numpy())) <= set(
        map(tuple, payments.to_numpy())
    )
    assert set(invoices["invoice_status"]) == {"issued", "paid", "canceled"}
    times = invoices.merge(files["orders"], on="order_id")
    assert (times["invoiced_at"] >= times["order_purchase_timestamp"]).mean() > 0.99


def test_the_command_has_the_flag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sample", "--out", str(tmp_path), "--scale", "0.001", "--with-operations"]) == 0
    assert "inventory_transactions.csv: " in capsys.readouterr().out
    assert len(list(tmp_path.iterdir())) == len(TABLES) + len(OPERATIONS)
