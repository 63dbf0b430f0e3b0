"""Dimensions through time: what changed, when, and what a fact finds as of its purchase."""

import pytest

from load_sequence import BASE, LoadSequence
from test_property import ATTRIBUTES
from warehouse import HISTORIES, Warehouse

BEGINNING, END = "1900-01-01 00:00:00", "9999-12-31 00:00:00"
CUSTOMERS, SELLERS, PRODUCTS = BASE["customers"], BASE["sellers"], BASE["products"]
LAST = 9  # where a version has not ended


@pytest.fixture(scope="module")
def loads(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> LoadSequence:
    """Batches in which members change, go and come back; the second has a value that is refused."""
    made = LoadSequence(warehouse, tmp_path_factory.mktemp("files"))
    made.land()  # 0
    made.run()
    made.land(  # 1: an address changes; another is refused; a translation is other than it was
        {
            "customers": ["c1,u1,99990,marau,RS", CUSTOMERS[1], "c3,u3,3013,belo horizonte,MG"],
            "sellers": ["s1,99990,marau,RS", SELLERS[1]],
            "product_category_name_translation": ["bebes,infants", "perfumaria,perfumery"],
        }
    )
    made.run()
    made.land(  # 2: it is fixed; a seller has gone, a person's only row is another's now
        {
            "customers": ["c1,u1,99990,marau,RS", "c2,u9,20040,rio de janeiro,RJ", CUSTOMERS[2]],
            "sellers": [SELLERS[1]],
            "products": [PRODUCTS[0]],
        }
    )
    made.run()
    made.land({"sellers": SELLERS})  # 3: the seller is back, as at first; not built by itself
    made.land({"products": ["p1,bebes,40,287,1,226,16,10,14"]})  # 4
    made.build()
    return made


@pytest.mark.parametrize(
    ("mart", "member", "column", "expected"),
    [
        ("customers", "u1", "city", [("sao paulo", False, 0, 1), ("marau", False, 1, LAST)]),
        (  # a removal is a version, and so is the return
            "sellers",
            "s1",
            "city",
            [
                ("sao paulo", False, 0, 1),
                ("marau", False, 1, 2),
                ("marau", True, 2, 3),
                ("sao paulo", False, 3, LAST),
            ],
        ),
        (  # a person whose only row is another person's has gone
            *("customers", "u2", "city"),
            [("rio de janeiro", False, 0, 2), ("rio de janeiro", True, 2, LAST)],
        ),
        ("customers", "u9", "city", [("rio de janeiro", False, 0, LAST)]),
        # a value that was refused is no version
        ("customers", "u3", "zip_code_prefix", [("30130", False, 0, LAST)]),
        (  # a translation is that of the run and begins no version
            *("products", "p1", "category_name || weight_g"),
            [("infants225", False, 0, 4), ("infants226", False, 4, LAST)],
        ),
    ],
)
def test_versions_of_a_member(
    loads: LoadSequence,
    mart: str,
    member: str,
    column: str,
    expected: list[tuple[str, bool, int, int]],
) -> None:
    """Value, whether it has gone, the batch that began the version and the one that ended it."""
    key = "customer_unique_id" if mart == "customers" else f"{mart[:-1]}_id"
    times = [BEGINNING, *loads.times[1:], *[""] * (LAST - len(loads.times)), END]
    assert loads.query(
        f"select {column}, is_removed, valid_from::text, valid_to::text, is_current"
        f" from marts.dim_{mart}_history where {key} = '{member}' order by version_number"
    ) == [
        (value, gone, times[start], times[end], end == LAST) for value, gone, start, end in expected
    ]


@pytest.mark.parametrize("mart", ATTRIBUTES)
def test_current_versions_are_the_dimension(loads: LoadSequence, mart: str) -> None:
    columns = f"{mart[4:-1]}_key, {ATTRIBUTES[mart]}"
    assert loads.query(f"select {columns} from marts.{mart} where not is_removed order by 1") == (
        loads.query(
            f"select {columns} from marts.{mart}_history"
            " where is_current and not is_removed order by 1"
        )
    )


def test_a_fact_finds_what_was_known_at_its_purchase(loads: LoadSequence) -> None:
    assert loads.query(
        "select items.order_id, sellers.city, products.weight_g from marts.fct_order_items as items"
        " inner join marts.dim_sellers_history as sellers"
        " on items.seller_key = sellers.seller_key and items.purchased_at >= sellers.valid_from"
        " and items.purchased_at < sellers.valid_to"
        " inner join marts.dim_products_history as products"
        " on items.product_key = products.product_key and items.purchased_at >= products.valid_from"
        " and items.purchased_at < products.valid_to order by 1"
    ) == [("o1", "sao paulo", 225), ("o2", "rio de janeiro", 500), ("o3", "sao paulo", 225)]


def test_what_has_gone_keeps_what_was_known_last(loads: LoadSequence) -> None:
    """Case 16: past figures do not change when a product is delisted."""
    assert loads.query(
        "select product_id, category_name, is_removed, is_inferred from marts.dim_products"
        " where product_key <> '-1' order by 1"
    ) == [("p1", "infants", False, False), ("p2", "perfumery", True, False)]
    assert loads.query(
        "select category_name, sum(price)::float from marts.fct_order_items"
        " join marts.dim_products using (product_key) group by 1 order by 1"
    ) == [("infants", 40.0), ("perfumery", 20.0)]


def test_a_customer_and_a_seller_that_have_gone_stay_on_the_facts(loads: LoadSequence) -> None:
    before = loads.query(
        "select customer_key, seller_key, customer_geography_key, seller_geography_key"
        " from marts.fct_order_items order by order_item_key"
    )
    loads.land({"sellers": [SELLERS[0]], "customers": [loads.files["customers"][0]]})
    loads.run()
    assert before == loads.query(
        "select customer_key, seller_key, customer_geography_key, seller_geography_key"
        " from marts.fct_order_items order by order_item_key"
    )
    assert loads.query(
        "select customer_unique_id, is_removed from marts.dim_customers order by 1"
    ) == [("u1", False), ("u3", True), ("u9", True), ("unknown", False)]
    assert loads.query("select seller_id, city, is_removed from marts.dim_sellers order by 1") == [
        ("s1", "sao paulo", False),
        ("s2", "rio de janeiro", True),
        ("unknown", "unknown", False),
    ]


def test_histories_do_not_depend_on_when_they_were_built(loads: LoadSequence) -> None:
    """Twice in a batch, anew, with another seed, or with another clock (which moves the times)."""
    loads.run()
    found = loads.warehouse.marts(HISTORIES)
    loads.run("--full-refresh")
    assert loads.warehouse.marts(HISTORIES) == found
    keys = "select product_version_key from marts.dim_products_history order by 1"
    before = loads.query(keys)
    change = "update seeds.weight_bands set weight_band = 'a ' || weight_band"
    loads.warehouse.query(change, fetch=False)
    loads.warehouse.dbt("run", "--select", "dim_products", "dim_products_history")
    assert loads.query(keys) == before
    assert loads.query(
        "select count(*) from marts.dim_products_history"
        " where weight_band not like 'a %' and product_id <> 'unknown'"
    ) == [(0,)]
    times = (
        "select product_id, version_number, valid_from - interval '{} hours'"
        " from marts.dim_products_history where version_number > 1 order by 1, 2"
    )
    here = loads.query(times.format(0))
    clock = ("--vars", "source_time_zone: UTC")
    loads.warehouse.dbt("run", "--select", "dim_products_history", *clock)
    assert loads.query(times.format(3)) == here


def test_a_zip_code_prefix_that_is_refused_stops_nothing(loads: LoadSequence) -> None:
    """Case 06: a new customer whose prefix has lost its zero, and the file that fixes it."""
    order = BASE["orders"][0].replace("o1,c1", "o4,c4")
    loads.land({"customers": ["c4,u4,1151,sao paulo,SP"], "orders": [order]}, "delta")
    assert loads.build()["assert_values_can_be_cast"] == "warn"
    assert loads.query(
        "select row_key, invalid_value, expected_type from audit.invalid_values"
    ) == [("customer_id=c4", "1151", "zip_code_prefix")]
    assert loads.query(
        "select zip_code_prefix, city, geography_key from marts.dim_customers"
        " where customer_unique_id = 'u4'"
    ) == [("unknown", "sao paulo", "-1")]
    assert loads.query(
        "select count(*) from marts.dim_geographies where zip_code_prefix = '1151'"
    ) == [(0,)]
    loads.land({"customers": ["c4,u4,01151,sao paulo,SP"]}, "delta")
    loads.run()
    assert loads.query(
        "select version_number, zip_code_prefix, valid_from::text, valid_to::text"
        " from marts.dim_customers_history where customer_unique_id = 'u4'"
    ) == [(1, "01151", BEGINNING, END)]
