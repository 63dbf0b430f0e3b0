"""A value that cannot be cast stops nothing and does not disappear."""

import re
from pathlib import Path

import pytest

from conftest import write_csv
from loaders.paths import project_root
from loaders.sample import generate
from warehouse import Warehouse

STAGING = project_root() / "models" / "staging"
CAST = re.compile(r"""try_cast\('(\w+)', '([^']+)'\)""")
ORDER = "f" * 32
BAD = [
    ("geolocation", "geolocation_zip_code_prefix=01001", "geolocation_lat", "north"),
    ("order_items", f"order_id={ORDER}, order_item_id=1", "price", "abc"),
    ("order_items", f"order_id={ORDER}, order_item_id=one", "order_item_id", "one"),
    ("order_items", f"order_id={ORDER}, order_item_id=two", "order_item_id", "two"),
    ("order_payments", f"order_id={ORDER}, payment_sequential=1", "payment_value", "NaN"),
    ("order_reviews", f"review_id={ORDER}, order_id={ORDER}", "review_score", "5.5"),
    ("orders", f"order_id={ORDER}", "order_approved_at", "now"),
    ("orders", f"order_id={ORDER}", "order_purchase_timestamp", "2017-02-30 10:00:00"),
]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    generate(folder, 0.005)
    return folder


@pytest.fixture(scope="module")
def built(
    warehouse: Warehouse, sample: Path, tmp_path_factory: pytest.TempPathFactory
) -> Warehouse:
    """A build on good rows and a few bad ones."""
    warehouse.land(sample)
    bad = tmp_path_factory.mktemp("bad")
    day = "2018-01-02 00:00:00"
    write_csv(bad, "customers", f"{ORDER},{ORDER},01001,sao paulo,SP")
    write_csv(bad, "orders", f"{ORDER},{ORDER},delivered,2017-02-30 10:00:00,now,{day},{day},{day}")
    write_csv(
        bad,
        "order_items",
        *(
            f"{ORDER},{line},p,s,{day},{price},1.00"
            for line, price in (("1", "abc"), ("one", " 2.50 "), ("two", "3.00"))
        ),
    )
    write_csv(bad, "order_payments", f"{ORDER},1,boleto,1,NaN")
    write_csv(bad, "order_reviews", f"{ORDER},{ORDER},5.5,,,{day},{day}")
    write_csv(
        bad, "geolocation", "01001,-23.5,-46.6,sao paulo,SP", "01001,north,-46.6,sao paulo,SP"
    )
    warehouse.land(bad)
    results = warehouse.dbt("build")
    assert results["assert_values_can_be_cast"] == "warn"
    return warehouse


def test_each_is_listed_with_its_place(built: Warehouse) -> None:
    found = built.query(
        "select table_name, row_key, column_name, invalid_value from audit.invalid_values"
        " order by 1, 2, 3"
    )
    assert found == BAD


def test_no_row_is_lost_and_what_is_good_in_it_counts(built: Warehouse) -> None:
    assert built.query(
        "select order_item_id, price, item_total from marts.fct_order_items"
        f" where order_id = '{ORDER}' order by price"
    ) == [(None, 2.5, 3.5), (None, 3, 4), (1, None, 1)]
    assert built.query(
        "select purchased_at, purchased_date_key, item_count, items_value, payments_value,"
        f" review_score from marts.fct_orders where order_id = '{ORDER}'"
    ) == [(None, -1, 3, 5.5, 0, None)]
    assert built.query(
        f"select review_score, sentiment from marts.fct_reviews where order_id = '{ORDER}'"
    ) == [(None, "unknown")]


def test_more_than_the_threshold_fail_the_build(built: Warehouse) -> None:
    with pytest.raises(AssertionError, match="assert_values_can_be_cast"):
        built.dbt(
            "build", "--select", "invalid_values", "--vars", f"max_invalid_values: {len(BAD) - 1}"
        )


def test_a_correction_takes_it_off_the_list(built: Warehouse, tmp_path: Path) -> None:
    write_csv(tmp_path, "order_payments", f"{ORDER},1,boleto,1,7.50")
    built.land(tmp_path)
    built.dbt("run", "--select", "invalid_values", "+fct_payments")
    assert built.query(
        "select count(*) from audit.invalid_values where table_name = 'order_payments'"
    ) == [(0,)]
    assert built.query(
        f"select payment_value from marts.fct_payments where order_id = '{ORDER}'"
    ) == [(7.5,)]


def test_every_cast_of_staging_is_watched() -> None:
    casts = {
        cast for path in STAGING.rglob("*.sql") for cast in CAST.findall(path.read_text("utf-8"))
    }
    model = (project_root() / "models" / "audit" / "invalid_values.sql").read_text("utf-8")
    assert casts == set(re.findall(r'"(\w+)": "([^"]+)"', model))
    assert not any(
        re.search(r"(?<!try_)\bcast\((?!\{\{ try_cast)", path.read_text("utf-8"))
        for path in STAGING.rglob("*.sql")
    ), "staging casts through try_cast"
