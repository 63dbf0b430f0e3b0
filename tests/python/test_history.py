"""Dimensions through time: what changed, when, and what a fact finds as of its purchase."""

from pathlib import Path
from typing import Any

import pytest

from conftest import write_csv
from warehouse import Warehouse

CUSTOMERS = ["c1,u1,01001,sao paulo,SP", "c2,u2,20040,rio de janeiro,RJ"]
SELLERS = ["s1,01001,sao paulo,SP", "s2,20040,rio de janeiro,RJ"]
PRODUCTS = ["p1,bebes,40,287,1,225,16,10,14"]
BEGINNING, END = "1900-01-01 00:00:00", "9999-12-31 00:00:00"


class Story:
    """A small marketplace whose files change from batch to batch."""

    def __init__(self, warehouse: Warehouse, folder: Path) -> None:
        """Write the files of the first batch."""
        self.warehouse = warehouse
        self.folder = folder
        self.times: list[str] = []
        write_csv(folder, "customers", *CUSTOMERS)
        write_csv(folder, "sellers", *SELLERS)
        write_csv(folder, "products", *PRODUCTS)
        write_csv(folder, "product_category_name_translation", "bebes,baby")
        order = "delivered,2018-01-02 10:00:00,,,,2018-02-01 00:00:00"
        write_csv(folder, "orders", f"o1,c1,{order}", f"o2,c2,{order}")
        write_csv(folder, "order_items", "o1,1,p1,s1,2018-01-05 00:00:00,10.00,1.00")
        for table in ("geolocation", "order_payments", "order_reviews"):
            write_csv(folder, table)

    def build(self) -> None:
        """Land the files as they are, all there is, and build; note when."""
        self.warehouse.land(self.folder, "snapshot")
        self.warehouse.dbt("build", "--exclude-resource-type", "unit_test")
        ((time,),) = self.warehouse.query(
            "select (max(started_at) at time zone 'America/Sao_Paulo')::text from raw._batches"
            " where status = 'landed'"
        )
        self.times.append(time)

    def versions(self, mart: str, key: str, value: str, columns: str) -> list[tuple[Any, ...]]:
        return self.warehouse.query(
            f"select {columns}, is_removed, valid_from::text, valid_to::text, is_current"
            f" from marts.{mart} where {key} = '{value}' order by version_number"
        )


@pytest.fixture(scope="module")
def story(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Four batches: all there; addresses and a category change; a seller goes; it comes back."""
    told = Story(warehouse, tmp_path_factory.mktemp("files"))
    told.build()
    write_csv(told.folder, "customers", "c1,u1,99990,marau,RS", CUSTOMERS[1])
    write_csv(told.folder, "sellers", "s1,99990,marau,RS", SELLERS[1])
    write_csv(told.folder, "product_category_name_translation", "bebes,infants")
    told.build()
    write_csv(told.folder, "customers", "c1,u1,99990,marau,RS")
    write_csv(told.folder, "sellers", SELLERS[1])
    told.build()
    write_csv(told.folder, "sellers", *SELLERS)
    told.build()
    return told


def test_an_address_that_changed(story: Story) -> None:
    _, second, _, _ = story.times
    assert story.versions("dim_customers_history", "customer_unique_id", "u1", "city") == [
        ("sao paulo", False, BEGINNING, second, False),
        ("marau", False, second, END, True),
    ]


def test_a_removal_is_a_version_and_so_is_the_return(story: Story) -> None:
    _, second, third, fourth = story.times
    assert story.versions("dim_sellers_history", "seller_id", "s1", "city") == [
        ("sao paulo", False, BEGINNING, second, False),
        ("marau", False, second, third, False),
        ("marau", True, third, fourth, False),
        ("sao paulo", False, fourth, END, True),
    ]
    assert story.versions("dim_customers_history", "customer_unique_id", "u2", "city") == [
        ("rio de janeiro", False, BEGINNING, third, False),
        ("rio de janeiro", True, third, END, True),
    ]


def test_what_did_not_change_has_one_version(story: Story) -> None:
    assert story.versions("dim_sellers_history", "seller_id", "s2", "city") == [
        ("rio de janeiro", False, BEGINNING, END, True)
    ]


def test_a_translation_that_changed_is_a_version_of_the_product(story: Story) -> None:
    second = story.times[1]
    assert story.versions("dim_products_history", "product_id", "p1", "category_name") == [
        ("baby", False, BEGINNING, second, False),
        ("infants", False, second, END, True),
    ]


@pytest.mark.parametrize("mart", ["dim_customers", "dim_sellers", "dim_products"])
def test_current_versions_are_the_dimension(story: Story, mart: str) -> None:
    natural_key = {"dim_customers": "customer_unique_id"}.get(mart, f"{mart[4:-1]}_id")
    attributes = "category_name" if mart == "dim_products" else "zip_code_prefix, city, state_code"
    columns = f"{mart[4:-1]}_key, {natural_key}, {attributes}"
    members = story.warehouse.query(f"select {columns} from marts.{mart} order by 1")
    current = story.warehouse.query(
        f"select {columns} from marts.{mart}_history where is_current and not is_removed order by 1"
    )
    assert current == members


def test_a_fact_finds_what_was_known_at_its_purchase(story: Story) -> None:
    assert story.warehouse.query(
        "select sellers.city, products.category_name from marts.fct_order_items as items"
        " inner join marts.dim_sellers_history as sellers"
        " on items.seller_key = sellers.seller_key and items.purchased_at >= sellers.valid_from"
        " and items.purchased_at < sellers.valid_to"
        " inner join marts.dim_products_history as products"
        " on items.product_key = products.product_key and items.purchased_at >= products.valid_from"
        " and items.purchased_at < products.valid_to"
    ) == [("sao paulo", "baby")]
