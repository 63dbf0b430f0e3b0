"""The files of the optional tables: made with the sample, landed like the nine, never needed."""

import hashlib
from pathlib import Path

import pandas as pd
import pytest

import loaders.sample
from conftest import Query, write_csv
from lakes import assert_raw_is_as_before, set_raw_aside
from loaders.cli import main
from loaders.errors import LoaderError
from loaders.lake import archive, replay
from loaders.land import Rules, land, schema, settle
from loaders.land.ledger import Counts
from loaders.sample import generate
from loaders.sources.files import whole_export
from loaders.tables import ALL_TABLES, OPTIONAL, TABLES
from tests import frames
from tests.frames import Files

SCALE = 0.02
NAMES = [table.name for table in OPTIONAL]
SALE = "t2,p1,s1,sale,-1,2018-01-03 10:00:00,5.00,o1,1"
MOVES = ("t1,p1,s1,receipt,5,2018-01-01 10:00:00,5.00,,", SALE)
DAY = "c1,2018-01-01,Search,paid_search,100,10,5.50,1,99.90"


def quiet(_: str) -> None:
    """Say nothing."""


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("operations")
    generate(made, SCALE, with_operations=True)
    return made


@pytest.fixture(scope="module")
def files(folder: Path) -> Files:
    return frames.read(folder, [table.name for table in ALL_TABLES])


@pytest.fixture(scope="module")
def moves(files: Files) -> pd.DataFrame:
    rows = files["inventory_transactions"]
    return rows.assign(quantity=rows["quantity"].astype(int))


# --- the sample ------------------------------------------------------------------------------


def test_the_nine_files_are_the_same_with_and_without(folder: Path, tmp_path: Path) -> None:
    rows = generate(tmp_path, SCALE)
    assert sorted(rows) == sorted(table.file for table in TABLES)
    without = digests(tmp_path)
    both = digests(folder)
    assert set(both) - set(without) == {table.file for table in OPTIONAL}
    assert {name: both[name] for name in without} == without


def test_bytes_depend_on_the_seed_and_not_on_the_chunks(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate(tmp_path / "other", SCALE, seed=7, with_operations=True)
    monkeypatch.setattr(loaders.sample, "CHUNK_ROWS", 137)
    generate(tmp_path / "same", SCALE, with_operations=True)
    assert digests(tmp_path / "same") == digests(folder)
    other = digests(tmp_path / "other")
    assert not {
        table.file for table in OPTIONAL if other[table.file] == digests(folder)[table.file]
    }


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


def test_the_scale_is_obeyed(files: Files, tmp_path: Path) -> None:
    generate(tmp_path, SCALE / 2, with_operations=True)
    half = frames.read(tmp_path, NAMES)
    for name, column in (("inventory_transactions", None), ("marketing_campaigns", "clicks")):
        sizes = [
            len(each[name]) if column is None else each[name][column].astype(int).sum()
            for each in (half, files)
        ]
        assert 1.6 < sizes[1] / sizes[0] < 2.4, name


def test_the_command_has_the_flag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sample", "--out", str(tmp_path), "--scale", "0.001", "--with-operations"]) == 0
    assert "inventory_transactions.csv: " in capsys.readouterr().out
    assert len(list(tmp_path.iterdir())) == len(ALL_TABLES)


# --- landing ---------------------------------------------------------------------------------


def test_they_land_like_the_nine(tmp_path: Path, query: Query) -> None:
    write_csv(tmp_path / "a", "inventory_transactions", *MOVES)
    write_csv(tmp_path / "a", "marketing_campaigns", DAY)
    assert land(tmp_path / "a", say=quiet) == Counts(read=3, new=3)
    assert not land(tmp_path / "a", say=quiet).anything
    write_csv(tmp_path / "b", "inventory_transactions", SALE.replace("-1", "-2"))
    whole = Rules(allow_removals=True)
    assert land(tmp_path / "b", "snapshot", say=quiet, rules=whole) == Counts(1, 0, 1, 1)
    assert query(
        "select transaction_id, quantity, _batch_id, _deleted_at is null"
        " from raw._inventory_transactions_seen order by 1"
    ) == [("t1", "5", 3, False), ("t2", "-2", 3, True)]
    assert query("select count(*) from raw._marketing_campaigns_seen") == [(1,)]
    assert query(
        "select indexname::text from pg_indexes where schemaname = 'raw'"
        " and tablename = 'inventory_transactions' order by 1"
    ) == [("inventory_transactions_batch_id_idx",), ("inventory_transactions_pkey",)]


def test_a_run_sees_what_had_landed_when_it_began(tmp_path: Path, query: Query) -> None:
    write_csv(tmp_path / "a", "inventory_transactions", *MOVES)
    land(tmp_path / "a", say=quiet)
    query("select raw._see()")
    write_csv(tmp_path / "b", "inventory_transactions", SALE.replace("-1", "-2"))
    land(tmp_path / "b", say=quiet)
    seen = "select quantity from raw._inventory_transactions_seen where transaction_id = 't2'"
    assert query(seen) == [("-1",)]
    query("select raw._see()")
    assert query(seen) == [("-2",)]
    assert query("select count(*) from raw._inventory_transactions_before") == [(0,)]


def test_a_bad_row_is_rejected_and_comes_back(tmp_path: Path, query: Query) -> None:
    write_csv(tmp_path / "a", "inventory_transactions", *MOVES, "t3,p1,s1,sale,-1", ",p,s,x,1,,,,")
    with pytest.raises(LoaderError, match="line 4: 5 fields instead of 9"):
        land(tmp_path / "a", say=quiet)
    counts = land(tmp_path / "a", say=quiet, rules=Rules(max_rejects="2"))
    assert (counts.new, counts.rejected) == (2, 2)
    assert main(["rejects", "--out", str(tmp_path / "mend")]) == 0
    (file,) = (tmp_path / "mend").rglob("inventory_transactions*.csv")
    mended = file.read_text("utf-8").replace("t3,p1,s1,sale,-1", SALE.replace("t2", "t3"))
    file.write_text(mended.replace(",p,s,x,1,,,,", "t4,p,s,x,1,,,,"), "utf-8")
    assert main(["rejects", "--retry", str(tmp_path / "mend")]) == 0
    assert query("select count(*) from raw.inventory_transactions") == [(4,)]


def test_an_older_warehouse_gets_the_tables_with_its_next_landing(
    tmp_path: Path, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = schema._VERSIONS[: schema._WITH_OPTIONAL]
    write_csv(tmp_path / "a", "sellers", "s1,01037,sao paulo,SP")
    write_csv(tmp_path / "b", "inventory_transactions", *MOVES)
    with monkeypatch.context() as patch:
        patch.setattr(schema, "_VERSIONS", older)
        patch.setattr(schema, "LEDGER_VERSION", len(older))
        patch.setattr(settle, "ALL_TABLES", TABLES)
        land(tmp_path / "a", say=quiet)
        assert query("select to_regclass('raw.inventory_transactions')") == [(None,)]
        query("select raw._see()")
    assert land(tmp_path / "b", say=quiet).new == 2
    assert query("select count(*) from raw._inventory_transactions_seen") == [(0,)]  # not yet
    query("select raw._see()")
    assert query("select count(*) from raw._inventory_transactions_seen") == [(2,)]
    assert query("select seller_id from raw._sellers_seen") == [("s1",)]


def test_a_whole_export_is_the_nine_files(folder: Path, tmp_path: Path) -> None:
    generate(tmp_path, 0.001)
    assert whole_export(tmp_path) == tmp_path
    assert whole_export(folder) == folder
    write_csv(tmp_path / "x", "marketing_campaigns", DAY)
    with pytest.raises(LoaderError, match=r"lacks olist_customers_dataset\.csv") as caught:
        whole_export(tmp_path / "x")
    assert "inventory" not in str(caught.value)


def test_status_shows_them_where_they_have_landed(
    tmp_path: Path, query: Query, capsys: pytest.CaptureFixture[str]
) -> None:
    write_csv(tmp_path / "a", "sellers", "s1,01037,sao paulo,SP")
    land(tmp_path / "a", say=quiet)
    main(["status"])
    assert "marketing" not in capsys.readouterr().out
    write_csv(tmp_path / "b", "marketing_campaigns", DAY)
    land(tmp_path / "b", say=quiet)
    main(["status"])
    said = capsys.readouterr().out
    assert "raw.marketing_campaigns" in said
    assert "raw.inventory_transactions" not in said


def test_a_lake_gives_them_again(tmp_path: Path, query: Query) -> None:
    write_csv(tmp_path / "a", "inventory_transactions", *MOVES)
    write_csv(tmp_path / "b", "marketing_campaigns", DAY)
    for name in ("a", "b"):
        land(tmp_path / name, say=quiet)
    archive(str(tmp_path / "lake"), quiet)
    before = [query(f"select * from raw.{name} order by 1") for name in NAMES]
    set_raw_aside(query)
    replay(str(tmp_path / "lake"), quiet)
    assert_raw_is_as_before(query)
    assert [query(f"select * from raw.{name} order by 1") for name in NAMES] == before
