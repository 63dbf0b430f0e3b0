"""The synthetic files: reproducible, whole, and with every edge case of the real ones."""

import csv
import errno
import hashlib
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import loaders.sample
from loaders.errors import LoaderError
from loaders.sample import DEFAULT_SEED, generate
from loaders.tables import TABLES
from tests import frames
from tests.frames import Files

SCALE = 0.02
NAMES = sorted(table.name for table in TABLES)
ROWS = (99_441, 1_000_163, 112_650, 103_886, 99_224, 99_441, 71, 32_951, 3_095)
CRLF = {"order_reviews", "product_category_name_translation"}
GOLDEN = "a8c88c39395b1094de02af48c239b9fb78087a60ffc2ae5c09e77c272fffbf5a"


def make(folder: Path, scale: float, seed: int = DEFAULT_SEED) -> Files:
    generate(folder, scale, seed)
    return frames.read(folder)


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return make(tmp_path_factory.mktemp("full"), 1.0)


def test_bytes_are_the_same_on_every_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for rows in (137, 20_000):  # whatever the chunks
        monkeypatch.setattr(loaders.sample, "CHUNK_ROWS", rows)
        generate(tmp_path, 0.002, with_operations=True)
        together = "".join(digest for _, digest in sorted(digests(tmp_path).items()))
        assert hashlib.sha256(together.encode()).hexdigest() == GOLDEN


def test_files_headers_line_ends_and_seeds(tmp_path: Path) -> None:
    rows = generate(tmp_path, SCALE)
    ours = digests(tmp_path)
    assert sorted(ours) == sorted(rows) == sorted(table.file for table in TABLES)
    for table in TABLES:
        content = (tmp_path / table.file).read_bytes()
        assert content.startswith(b"\xef\xbb\xbf") == table.name.startswith("product_category")
        unquoted = re.sub(rb'"[^"]*"', b"", content)
        ends = unquoted.count(b"\n") if table.name in CRLF else 0
        assert unquoted.count(b"\r\n") == unquoted.count(b"\r") == ends, table.file
        with (tmp_path / table.file).open(encoding="utf-8-sig", newline="") as file:
            header, *lines = csv.reader(file, strict=True)
        missing = table.optional_columns - set(header)
        assert tuple(header) == tuple(name for name in table.columns if name not in missing)
        assert {len(line) for line in lines} == {len(header)}
        assert len(lines) == rows[table.file]
    generate(tmp_path, SCALE, seed=7)
    same = {name for name, digest in digests(tmp_path).items() if ours[name] == digest}
    assert same == {"product_category_name_translation.csv"}
    generate(tmp_path, SCALE)
    assert digests(tmp_path) == ours


def check_keys(s: Files, scale: float) -> None:
    for table in TABLES:
        frame = s[table.name]
        assert not (table.key and frame.duplicated(list(table.key)).any()), table.name
        for column in [c for c in table.columns if c.endswith("_id") and c != "order_item_id"]:
            assert frame[column].str.fullmatch("[0-9a-f]{32}").all(), column
    for child, column, parent in (
        *((child, "order_id", "orders") for child in NAMES if child.startswith("order_")),
        *(("order_items", "product_id", "products"), ("order_items", "seller_id", "sellers")),
        *(("orders", "customer_id", "customers"), ("customers", "customer_id", "orders")),
    ):
        assert s[child][column].isin(s[parent][column]).all(), (child, column)
    items = s["order_items"]
    assert (items.order_item_id.astype(int) == items.groupby("order_id").cumcount() + 1).all()
    assert len(s["orders"]) == round(99_441 * scale)
    assert len(items) == pytest.approx(112_650 * scale, rel=0.1)


@pytest.mark.parametrize("scale", [0.001, 0.004, 0.006, 0.008, 0.1])
def test_keys_at_other_scales(tmp_path: Path, scale: float) -> None:
    check_keys(make(tmp_path, scale), scale)


def edge_cases(s: Files) -> dict[str, int]:
    orders, items, payments = s["orders"], s["order_items"], s["order_payments"]
    reviews, points = s["order_reviews"], s["geolocation"]
    per_review, per_order = (reviews.groupby(c).size() for c in ("review_id", "order_id"))
    carrier, arrived = orders.order_delivered_carrier_date, orders.order_delivered_customer_date
    approved, is_delivered = orders.order_approved_at, orders.order_status == "delivered"
    translated = {"", *s["product_category_name_translation"].product_category_name}
    category, weight = s["products"].product_category_name, s["products"].product_weight_g
    zips = [s[f"{n}s"][f"{n}_zip_code_prefix"].drop_duplicates() for n in ("customer", "seller")]
    counts: dict[str, Any] = {
        "reviews of several orders": per_review > 1,
        "rows of those beyond the first": per_review - 1,
        "orders with several reviews": per_order > 1,
        "orders without review": ~orders.order_id.isin(reviews.order_id),
        "orders without item": ~orders.order_id.isin(items.order_id),
        "orders without payment": ~orders.order_id.isin(payments.order_id),
        "products without category": category == "",
        "products without weight": weight == "",
        "products of weight 0": weight == "0",
        "untranslated products": ~category.isin(translated),
        "undefined payments": payments.payment_type == "not_defined",
        "payments with 0 installments": payments.payment_installments == "0",
        "payments of 0.00": payments.payment_value == "0.00",
        "no first payment": payments.groupby("order_id").payment_sequential.min() != "1",
        "duplicate points": points.duplicated(),
        "carrier before approval": (carrier < approved) & (carrier != ""),
        "carrier after delivery": (carrier > arrived) & (arrived != ""),
        "delivered without date": is_delivered & (arrived == ""),
        "canceled with delivery date": (orders.order_status == "canceled") & (arrived != ""),
        "delivered without approval": is_delivered & (approved == ""),
        "customer zips without point": ~zips[0].isin(points.geolocation_zip_code_prefix),
        "seller zips without point": ~zips[1].isin(points.geolocation_zip_code_prefix),
    }
    return {name: int(which.sum()) for name, which in counts.items()}


def test_counts_and_edge_cases_at_scale_1_are_those_of_the_real_files(full: Files) -> None:
    assert tuple(len(full[name]) for name in NAMES) == ROWS
    of_orders, of_rows = [789, 814, 547, 768, 775, 1], [610, 2, 4, 13, 3, 2, 9, 80, 261_831]
    assert [*edge_cases(full).values()] == [*of_orders, *of_rows, 1_359, 23, 8, 6, 14, 157, 7]
    assert full["customers"].customer_unique_id.nunique() == 96_096
    assert full["geolocation"].geolocation_zip_code_prefix.nunique() == 19_015
    assert full["order_items"][["product_id", "seller_id"]].nunique().tolist() == [32_951, 3_095]
    check_keys(full, 1.0)
    check_contents(full)


@pytest.mark.parametrize("seed", [1, 2])
def test_edge_cases_are_all_there_at_a_hundredth(tmp_path: Path, seed: int) -> None:
    sample = make(tmp_path, 0.01, seed)
    assert not [name for name, count in edge_cases(sample).items() if not count]
    check_contents(sample)


def check_contents(s: Files) -> None:
    reviews, points, products = s["order_reviews"], s["geolocation"], s["products"]
    text = reviews.review_comment_message
    assert 0.3 < (text != "").mean() < 0.5
    for mark in ("\n", ",", '"', "[áéíóúãõç]", "[\U0001f300-\U0001ffff]"):
        assert text.str.contains(mark).any(), mark
    shared = reviews[reviews.review_id.duplicated(keep=False)]
    who = shared.merge(s["orders"], on="order_id").merge(s["customers"]).groupby("review_id")
    alike = ["customer_unique_id", *reviews.columns[2:]]
    assert who[alike].nunique().max().max() == 1
    for axis in (points.geolocation_lat, points.geolocation_lng):
        assert axis.str.fullmatch(r"-?\d{1,2}\.\d{6,15}").all()
    north, east = points.geolocation_lat.astype(float), points.geolocation_lng.astype(float)
    assert 0 < ((north > 5.3) | (north < -33.8) | (east < -74) | (east > -34)).sum() < 200
    assert 0.2 < points.duplicated().mean() < 0.3
    assert points.geolocation_state.nunique() == 27
    assert (points.groupby("geolocation_zip_code_prefix").nunique().iloc[:, 2:].max() > 1).all()
    zips = s["customers"].customer_zip_code_prefix
    assert zips.str.fullmatch(r"\d{5}").all()
    assert zips.str.startswith("0").any()
    assert (s["customers"].groupby("customer_unique_id").nunique().max() > 1).all()  # they move
    category = products.product_category_name
    assert category[category != ""].nunique() == 73
    assert (products.iloc[:, 2:5][category == ""] == "").all(axis=None)
    orders, items, payments = s["orders"], s["order_items"], s["order_payments"]
    for column in orders.columns[3:]:
        assert orders[column].str.fullmatch(r"(\d{4}(-\d\d){2} \d\d(:\d\d){2})?").all(), column
    for midnight in (orders.order_estimated_delivery_date, reviews.review_creation_date):
        assert midnight.str.endswith(" 00:00:00").all()
    assert not orders.order_purchase_timestamp.is_monotonic_increasing
    assert orders.order_purchase_timestamp.max().startswith("2018-10-17")
    assert items.shipping_limit_date.max().startswith("2020-04-09")
    early = orders.order_status.isin(["created", "approved", "invoiced", "processing"])
    assert (orders.order_delivered_carrier_date[early] == "").all()
    arrived = orders.order_status[orders.order_delivered_customer_date != ""]
    assert set(arrived) == {"delivered", "canceled"}
    assert "delivered" not in set(orders.order_status[~orders.order_id.isin(items.order_id)])
    total = items[["price", "freight_value"]].astype(float).sum(axis=1).groupby(items.order_id)
    paid = payments.payment_value.astype(float).groupby(payments.order_id)
    off = ((paid.sum() - total.sum()).dropna() * 100).round()
    assert (off == 0).mean() > 0.98
    assert off.abs().between(1, 2).any()
    assert off.abs().max() < 3_000


def test_shapes_at_scale_1(full: Files) -> None:
    customers, orders, paid = full["customers"], full["orders"], full["order_payments"]
    shares = (
        (customers.groupby("customer_unique_id").size(), 2, 0.03),
        (customers.customer_state, "SP", 0.42),
        (paid.payment_type, "credit_card", 0.74),
        (full["sellers"].seller_state, "SP", 0.6),
    )
    for values, member, share in shares:
        assert (values == member).mean() == pytest.approx(share, abs=0.01), member
    price = full["order_items"].price.astype(float)
    assert price.mean() > 1.4 * price.median() > 90  # a long tail
    bought = pd.to_datetime(orders.order_purchase_timestamp)
    days = bought.dt.strftime("%Y-%m-%d").value_counts()
    assert days.index[0] == "2017-11-24"
    assert days.iloc[0] > 2 * days.iloc[1]
    months = bought.dt.strftime("%Y-%m").value_counts()
    assert months["2017-01"] < months["2017-06"] < months["2018-01"]
    assert (bought.dt.hour == 16).mean() > 20 * (bought.dt.hour == 4).mean() > 0


def test_late_orders_get_worse_scores_and_far_ones_take_longer(full: Files) -> None:
    orders = full["orders"].merge(full["order_reviews"], on="order_id").merge(full["customers"])
    score = orders.review_score.astype(int)
    assert score.mean() == pytest.approx(4.09, abs=0.04)
    bought, arrived, promised = (
        pd.to_datetime(orders[name].replace("", None))
        for name in orders.columns[orders.columns.str.match("order_(purch|delivered_cu|estim)")]
    )
    late = (arrived > promised)[arrived.notna()]
    assert late.mean() == pytest.approx(0.08, abs=0.015)
    assert score[late.index][~late].mean() > 4.1
    assert score[late.index][late].mean() < 2.9
    taken = (arrived - bought).dt.total_seconds().groupby(orders.customer_state).mean() / 86_400
    assert taken["SP"] < 10 < taken["MG"] < taken["BA"] < 22 < taken["AM"]


def test_bad_arguments_leave_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    scales = (0, -1, 0.0001, 1e6, float("nan"), float("inf"))
    bad = [("new", scale, 1, "The scale of the sample") for scale in scales]
    bad += [("new", 0.01, -1, "The seed of the sample")]
    bad += [(name, 0.001, 1, "a folder is needed") for name in ("taken", "taken/sub")]
    for name, scale, seed, message in bad:
        with pytest.raises(LoaderError, match=message):
            generate(tmp_path / name, scale, seed)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("trouble", [OSError(errno.ENOSPC, "disk full"), KeyboardInterrupt()])
def test_trouble_leaves_no_half_written_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: BaseException
) -> None:
    (tmp_path / "olist_orders_dataset.csv").write_text("mine")
    monkeypatch.setattr(loaders.sample, "lines", lambda *_: (_ for _ in ()).throw(trouble))
    with pytest.raises((LoaderError, KeyboardInterrupt), match=r"disk full\. No half-|^$"):
        generate(tmp_path, 0.001)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]
