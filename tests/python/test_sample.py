"""The synthetic files: reproducible, whole, and with every quirk of the real ones."""

import csv
import errno
import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import loaders.sample
from loaders.errors import LoaderError
from loaders.sample import generate
from loaders.sample.files import SampleFiles
from loaders.sample.noise import Noise
from loaders.sample.plan import Plan
from loaders.tables import BY_NAME, TABLES
from tests import frames

SCALE = 0.02
FULL = {
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
CRLF = {"order_reviews", "product_category_name_translation"}
GOLDEN = "44dd6645c5c4b4529346b4e1fec12a22cfec95e585f6115b670a47a2e36e1347"
MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


@dataclass(frozen=True)
class Sample:
    """A generated folder, its row counts and its tables as text."""

    folder: Path
    rows: dict[str, int]
    tables: dict[str, pd.DataFrame]

    def __getitem__(self, table: str) -> pd.DataFrame:
        return self.tables[table]


def make(folder: Path, scale: float) -> Sample:
    rows = generate(folder, scale)
    return Sample(folder, rows, frames.read(folder))


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def cents(values: pd.Series) -> pd.Series:
    return (values.astype(float) * 100).round().astype(int)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return make(tmp_path_factory.mktemp("small"), SCALE)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return make(tmp_path_factory.mktemp("full"), 1.0)


@pytest.fixture(scope="module", params=["small", "full"])
def either(request: pytest.FixtureRequest) -> Sample:
    sample: Sample = request.getfixturevalue(request.param)
    return sample


# --- the files -------------------------------------------------------------------------------


def test_same_seed_gives_the_same_bytes(small: Sample, tmp_path: Path) -> None:
    generate(tmp_path, SCALE)
    assert digests(tmp_path) == digests(small.folder)


def test_bytes_are_those_of_every_machine(tmp_path: Path) -> None:
    generate(tmp_path, 0.001)
    together = hashlib.sha256("".join(h for _, h in sorted(digests(tmp_path).items())).encode())
    assert together.hexdigest() == GOLDEN


def test_another_seed_gives_other_bytes(small: Sample, tmp_path: Path) -> None:
    generate(tmp_path, SCALE, seed=7)
    ours, theirs = digests(small.folder), digests(tmp_path)
    same = {name for name in ours if ours[name] == theirs[name]}
    assert same == {"product_category_name_translation.csv"}


def test_bytes_do_not_depend_on_the_chunks(
    small: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loaders.sample, "CHUNK_ROWS", 137)
    generate(tmp_path, SCALE)
    assert digests(tmp_path) == digests(small.folder)


def test_nine_files_with_the_headers_and_line_ends(small: Sample) -> None:
    assert sorted(p.name for p in small.folder.iterdir()) == sorted(t.file for t in TABLES)
    for table in TABLES:
        content = (small.folder / table.file).read_bytes()
        assert content.startswith(b"\xef\xbb\xbf") == (table.name.startswith("product_category"))
        unquoted = re.sub(rb'"[^"]*"', b"", content)
        ends = {line[-1:] == b"\r" for line in unquoted.split(b"\n")[:-1]}
        assert ends == {table.name in CRLF}, table.file
        assert unquoted.count(b"\r") == (unquoted.count(b"\n") if table.name in CRLF else 0)
        assert b"\0" not in content
        with (small.folder / table.file).open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file, strict=True))
        assert tuple(rows[0]) == table.columns
        assert {len(row) for row in rows} == {len(table.columns)}
        assert len(rows) - 1 == small.rows[table.file]


def test_exact_counts_at_scale_1(full: Sample) -> None:
    assert full.rows == {BY_NAME[name].file: rows for name, rows in FULL.items()}
    assert {name: len(full[name]) for name in FULL} == FULL
    assert full["customers"].customer_unique_id.nunique() == 96_096
    assert full["geolocation"].geolocation_zip_code_prefix.nunique() == 19_015
    assert full["order_items"].product_id.nunique() == 32_951
    assert full["order_items"].seller_id.nunique() == 3_095


@pytest.mark.parametrize("scale", [0.001, 0.01, 0.1])
def test_other_scales(tmp_path: Path, scale: float) -> None:
    rows = generate(tmp_path, scale)
    assert rows[BY_NAME["orders"].file] == round(99_441 * scale)
    assert rows[BY_NAME["product_category_name_translation"].file] == 71
    assert rows[BY_NAME["order_items"].file] == pytest.approx(112_650 * scale, rel=0.1)


def test_progress_ends_with_the_row_counts(tmp_path: Path) -> None:
    seen: dict[str, int] = {}
    assert generate(tmp_path, 0.01, progress=seen.__setitem__) == seen


# --- keys ------------------------------------------------------------------------------------


def test_keys_are_unique_and_look_like_the_real_ones(either: Sample) -> None:
    for table in TABLES:
        frame = either[table.name]
        if table.key:
            assert not frame.duplicated(list(table.key)).any(), table.name
        for column in [c for c in table.columns if c.endswith("_id") and c != "order_item_id"]:
            assert frame[column].str.fullmatch("[0-9a-f]{32}").all(), column


def test_children_have_parents(either: Sample) -> None:
    orders = set(either["orders"].order_id)
    for child in ("order_items", "order_payments", "order_reviews"):
        assert set(either[child].order_id) <= orders
    assert set(either["orders"].customer_id) == set(either["customers"].customer_id)
    assert set(either["order_items"].product_id) <= set(either["products"].product_id)
    assert set(either["order_items"].seller_id) <= set(either["sellers"].seller_id)


@pytest.mark.parametrize("scale", [0.001, 0.004, 0.006, 0.008])
def test_children_have_parents_at_tiny_scales(tmp_path: Path, scale: float) -> None:
    tiny = make(tmp_path, scale)
    for child, column, parent in (
        ("order_items", "product_id", "products"),
        ("order_items", "seller_id", "sellers"),
        ("order_items", "order_id", "orders"),
        ("orders", "customer_id", "customers"),
    ):
        assert tiny[child][column].isin(tiny[parent][column]).all(), (child, column)


def test_item_numbers_run_from_1(either: Sample) -> None:
    items = either["order_items"]
    expected = items.groupby("order_id").cumcount() + 1
    assert (items.order_item_id.astype(int) == expected).all()


# --- quirks of the real files ----------------------------------------------------------------


def quirk_counts(s: Sample) -> dict[str, int]:
    orders, items, payments = s["orders"], s["order_items"], s["order_payments"]
    reviews, products, points = s["order_reviews"], s["products"], s["geolocation"]
    per_review = reviews.groupby("review_id").size()
    per_order = reviews.groupby("order_id").size()
    status = orders.order_status
    carrier, approved = orders.order_delivered_carrier_date, orders.order_approved_at
    delivered = orders.order_delivered_customer_date
    translated = set(s["product_category_name_translation"].product_category_name)
    category = products.product_category_name
    mapped = set(points.geolocation_zip_code_prefix)
    value = payments.payment_value.astype(float)
    return {
        "reviews of several orders": int((per_review > 1).sum()),
        "rows of those beyond the first": int((per_review - 1).sum()),
        "orders with several reviews": int((per_order > 1).sum()),
        "orders without review": len(orders) - len(per_order),
        "orders without item": int((~orders.order_id.isin(items.order_id)).sum()),
        "orders without payment": int((~orders.order_id.isin(payments.order_id)).sum()),
        "products without category": int((category == "").sum()),
        "products without weight": int((products.product_weight_g == "").sum()),
        "products of weight 0": int((products.product_weight_g == "0").sum()),
        "untranslated products": int((~category.isin(translated | {""})).sum()),
        "undefined payments": int((payments.payment_type == "not_defined").sum()),
        "payments with 0 instalments": int((payments.payment_installments == "0").sum()),
        "payments of 0.00": int((value == 0).sum()),
        "orders without first payment": int(
            (payments.groupby("order_id").payment_sequential.min() != "1").sum()
        ),
        "duplicate points": int(points.duplicated().sum()),
        "carrier before approval": int(((carrier < approved) & (carrier != "")).sum()),
        "carrier after delivery": int(((carrier > delivered) & (delivered != "")).sum()),
        "delivered without date": int(((status == "delivered") & (delivered == "")).sum()),
        "canceled with delivery date": int(((status == "canceled") & (delivered != "")).sum()),
        "delivered without approval": int(((status == "delivered") & (approved == "")).sum()),
        "customer zips without point": len(set(s["customers"].customer_zip_code_prefix) - mapped),
        "seller zips without point": len(set(s["sellers"].seller_zip_code_prefix) - mapped),
    }


def test_quirks_at_scale_1_are_as_many_as_in_the_real_files(full: Sample) -> None:
    assert quirk_counts(full) == {
        "reviews of several orders": 789,
        "rows of those beyond the first": 814,
        "orders with several reviews": 547,
        "orders without review": 768,
        "orders without item": 775,
        "orders without payment": 1,
        "products without category": 610,
        "products without weight": 2,
        "products of weight 0": 4,
        "untranslated products": 13,
        "undefined payments": 3,
        "payments with 0 instalments": 2,
        "payments of 0.00": 9,
        "orders without first payment": 80,
        "duplicate points": 261_831,
        "carrier before approval": 1_359,
        "carrier after delivery": 23,
        "delivered without date": 8,
        "canceled with delivery date": 6,
        "delivered without approval": 14,
        "customer zips without point": 157,
        "seller zips without point": 7,
    }


@pytest.mark.parametrize("seed", [1, 2])
def test_quirks_are_all_there_at_a_hundredth(tmp_path: Path, seed: int) -> None:
    generate(tmp_path, 0.01, seed=seed)
    sample = Sample(tmp_path, {}, frames.read(tmp_path))
    assert not [name for name, count in quirk_counts(sample).items() if not count]
    check_texts(sample)
    check_points(sample)
    check_categories(sample)
    check_moves(sample)


def check_texts(s: Sample) -> None:
    text = s["order_reviews"].review_comment_message
    assert 0.3 < (text != "").mean() < 0.5
    for mark in ("\n", ",", '"', "[áéíóúãõç]", "[\U0001f300-\U0001ffff]"):
        assert text.str.contains(mark).any(), mark
    assert (s["order_reviews"].review_comment_title != "").any()


def check_points(s: Sample) -> None:
    points = s["geolocation"]
    latitude, longitude = points.geolocation_lat, points.geolocation_lng
    assert latitude.str.fullmatch(r"-?\d{1,2}\.\d{6,15}").all()
    assert longitude.str.fullmatch(r"-?\d{1,2}\.\d{6,15}").all()
    north, east = latitude.astype(float), longitude.astype(float)
    abroad = (north > 5.3) | (north < -33.8) | (east < -74) | (east > -34)
    assert 0 < abroad.sum() < 200
    assert 0.2 < points.duplicated().mean() < 0.3
    spelled = points.groupby("geolocation_zip_code_prefix").geolocation_city.nunique()
    assert spelled.max() > 1
    assert points.groupby("geolocation_zip_code_prefix").geolocation_state.nunique().max() > 1
    assert points.geolocation_state.nunique() == 27
    assert points.geolocation_zip_code_prefix.str.fullmatch(r"\d{5}").all()


def check_categories(s: Sample) -> None:
    category = s["products"].product_category_name
    assert category[category != ""].nunique() == 73
    bare = s["products"][category == ""]
    described = ["product_name_lenght", "product_description_lenght", "product_photos_qty"]
    assert (bare[described] == "").all(axis=None)


def check_moves(s: Sample) -> None:
    people = s["customers"].groupby("customer_unique_id")
    assert (people.customer_zip_code_prefix.nunique() > 1).any()
    assert (people.customer_city.nunique() > 1).any()
    assert (people.customer_state.nunique() > 1).any()


def test_texts_points_categories_and_moves(either: Sample) -> None:
    check_texts(either)
    check_points(either)
    check_categories(either)
    check_moves(either)


def test_zips_keep_leading_zeros(either: Sample) -> None:
    zips = either["customers"].customer_zip_code_prefix
    assert zips.str.fullmatch(r"\d{5}").all()
    assert zips.str.startswith("0").any()
    assert b'"0' not in (either.folder / BY_NAME["customers"].file).read_bytes()


def test_shared_reviews_are_of_one_person_and_alike(either: Sample) -> None:
    reviews = either["order_reviews"]
    shared = reviews[reviews.review_id.duplicated(keep=False)]
    who = shared.merge(either["orders"], on="order_id").merge(either["customers"])
    assert who.groupby("review_id").customer_unique_id.nunique().max() == 1
    alike = [c for c in reviews if c not in ("review_id", "order_id")]
    assert shared.groupby("review_id")[alike].nunique().max().max() == 1


def test_moments(either: Sample) -> None:
    orders, reviews = either["orders"], either["order_reviews"]
    for column in orders.columns[3:]:
        filled = orders[column][orders[column] != ""]
        assert filled.str.fullmatch(MOMENT.pattern).all()
    assert orders.order_estimated_delivery_date.str.endswith(" 00:00:00").all()
    assert reviews.review_creation_date.str.endswith(" 00:00:00").all()
    assert not orders.order_purchase_timestamp.is_monotonic_increasing
    assert orders.order_purchase_timestamp.min().startswith("2016-09-04")
    assert orders.order_purchase_timestamp.max().startswith("2018-10-17")
    assert either["order_items"].shipping_limit_date.max().startswith("2020-04-09")


# --- shape -----------------------------------------------------------------------------------


def test_payments_add_up_to_items_and_freight(either: Sample) -> None:
    items, payments = either["order_items"], either["order_payments"]
    total = (cents(items.price) + cents(items.freight_value)).groupby(items.order_id).sum()
    paid = cents(payments.payment_value).groupby(payments.order_id).sum()
    off = (paid - total).dropna()
    assert (off == 0).mean() > 0.98
    assert (off.abs().between(1, 2)).any()
    assert off.abs().max() < 3_000


def test_status_decides_which_dates_and_items_there_are(either: Sample) -> None:
    orders = either["orders"]
    early = orders.order_status.isin(["created", "approved", "invoiced", "processing"])
    assert (orders.order_delivered_carrier_date[early] == "").all()
    arrived = orders[orders.order_delivered_customer_date != ""]
    assert set(arrived.order_status) == {"delivered", "canceled"}
    bare = orders[~orders.order_id.isin(either["order_items"].order_id)]
    assert "delivered" not in set(bare.order_status)


def test_shape_at_scale_1(full: Sample) -> None:
    customers, orders = full["customers"], full["orders"]
    per_person = customers.groupby("customer_unique_id").size()
    assert (per_person > 1).mean() == pytest.approx(0.0312, abs=0.0005)
    states = customers.customer_state.value_counts(normalize=True)
    assert states["SP"] == pytest.approx(0.42, abs=0.01)
    assert states["RJ"] == pytest.approx(0.13, abs=0.01)
    kinds = full["order_payments"].payment_type.value_counts(normalize=True)
    assert kinds["credit_card"] == pytest.approx(0.74, abs=0.01)
    assert kinds["boleto"] == pytest.approx(0.19, abs=0.01)
    days = orders.order_purchase_timestamp.str[:10].value_counts()
    assert days.index[0] == "2017-11-24"
    assert days.iloc[0] > 2 * days.iloc[1]
    months = orders.order_purchase_timestamp.str[:7].value_counts()
    assert months["2017-01"] < months["2017-06"] < months["2018-01"]
    sellers = full["sellers"].seller_state.value_counts(normalize=True)
    assert sellers["SP"] == pytest.approx(0.6, abs=0.03)


def test_late_orders_get_worse_scores(full: Sample) -> None:
    orders = full["orders"].merge(full["order_reviews"], on="order_id")
    orders = orders[orders.order_delivered_customer_date != ""]
    late = orders.order_delivered_customer_date > orders.order_estimated_delivery_date
    score = orders.review_score.astype(int)
    assert late.mean() == pytest.approx(0.08, abs=0.015)
    assert full["order_reviews"].review_score.astype(int).mean() == pytest.approx(4.09, abs=0.04)
    assert score[late].mean() < 2.9
    assert score[~late].mean() > 4.1


def test_delivery_takes_longer_to_far_states(full: Sample) -> None:
    orders = full["orders"].merge(full["customers"])
    orders = orders[orders.order_delivered_customer_date != ""]
    taken = pd.to_datetime(orders.order_delivered_customer_date) - pd.to_datetime(
        orders.order_purchase_timestamp
    )
    days = taken.dt.total_seconds().groupby(orders.customer_state).mean() / 86_400
    assert days["SP"] < 10 < days["MG"] < days["BA"] < 22 < days["AM"]


# --- trouble ---------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [0, -1, 0.0001, 1e6, float("nan"), float("inf")])
def test_bad_scale(tmp_path: Path, scale: float) -> None:
    with pytest.raises(LoaderError, match="scale"):
        generate(tmp_path / "new", scale)
    assert not (tmp_path / "new").exists()


def test_bad_seed(tmp_path: Path) -> None:
    with pytest.raises(LoaderError, match="seed"):
        generate(tmp_path, 0.01, seed=-1)


@pytest.mark.parametrize("below", ["", "sub"])
def test_out_is_a_file(tmp_path: Path, below: str) -> None:
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(LoaderError, match="folder is needed"):
        generate(tmp_path / "taken" / below, 0.01)
    assert (tmp_path / "taken").read_text() == "mine"


def test_disk_full_leaves_no_half_written_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "olist_orders_dataset.csv").write_text("mine")

    def fail(*_: object) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("loaders.sample.files.lines", fail)
    with pytest.raises(LoaderError, match="No space left on device"):
        generate(tmp_path, 0.01)
    assert [path.name for path in tmp_path.iterdir()] == ["olist_orders_dataset.csv"]
    assert (tmp_path / "olist_orders_dataset.csv").read_text() == "mine"


def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    def interrupt(_file: str, _rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(tmp_path, 0.01, progress=interrupt)
    assert not list(tmp_path.iterdir())


def test_a_second_run_replaces_the_files(tmp_path: Path) -> None:
    generate(tmp_path, 0.001, seed=1)
    first = digests(tmp_path)
    generate(tmp_path, 0.001, seed=2)
    assert digests(tmp_path).keys() == first.keys()
    assert digests(tmp_path) != first


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "olist_orders_dataset.csv").mkdir()
    with pytest.raises(LoaderError, match="Cannot write the sample"), SampleFiles(tmp_path):
        pass
    assert not list(tmp_path.glob(".sample-*"))


# --- the parts -------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 1000, 4097])
def test_shuffle_is_a_permutation(size: int) -> None:
    mixed = Noise(1).shuffle("test", np.arange(size), size)
    assert sorted(mixed.tolist()) == list(range(size))


def test_random_numbers_are_even_and_normal() -> None:
    noise, index = Noise(1), np.arange(100_000)
    counts = Counter(noise.below("dice", index, 6).tolist())
    assert all(abs(count - 16_667) < 500 for count in counts.values())
    normal = noise.normal("bell", index)
    assert abs(normal.mean()) < 0.02
    assert abs(normal.std() - 1) < 0.02


@pytest.mark.parametrize("scale", [0.001, 0.01, 0.37, 1, 30, 100])
def test_plan_is_consistent(scale: float) -> None:
    plan = Plan(scale)
    assert plan.kind_edges[-1] == plan.orders
    assert (np.diff(plan.kind_edges) >= 0).all()
    assert sum(s.people * s.orders_each for s in plan.segments) == plan.orders
    for edges, _ in (plan.item_counts, plan.payment_counts, plan.review_counts):
        assert (np.diff(edges) >= 0).all()
