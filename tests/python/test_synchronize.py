"""Marts and reports are brought in place to what their models say: what is written, what stays."""

import pytest

from story import Story
from warehouse import MARTS, NO_TESTS, Warehouse

ALL = ("build", *NO_TESTS)
# Who has written each row (xmin), which an update changes.
WRITTEN = " union all ".join(
    f"select '{name}' as name, count(*) as rows, max(xmin::text::bigint) as last from marts.{name}"
    for name in MARTS
)


@pytest.fixture(scope="module")
def story(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Story:
    made = Story(warehouse, tmp_path_factory.mktemp("files"))
    made.land()
    made.warehouse.dbt(*ALL)
    return made


def test_a_run_with_nothing_new_writes_nothing(story: Story) -> None:
    before = story.query(WRITTEN)
    story.warehouse.dbt(*ALL)
    assert story.query(WRITTEN) == before


def test_a_run_writes_the_rows_that_differ(story: Story) -> None:
    """One new seller: no row of any other is written, and no fact."""
    before = {name: last for name, _, last in story.query(WRITTEN)}
    story.land({"sellers": ["s9,01151,sao paulo,SP"]}, "delta")
    story.warehouse.dbt(*ALL)
    after = {name: last for name, _, last in story.query(WRITTEN)}
    written = {name for name in MARTS if after[name] != before[name]}
    assert written == {"dim_sellers", "dim_sellers_history"}
    assert story.query(
        "select seller_id from marts.dim_sellers"
        f" where xmin::text::bigint > {before['dim_sellers']}"
    ) == [("s9",)]


def test_a_variable_needs_no_full_refresh(story: Story) -> None:
    dated = "select count(*) filter (where purchased_date_key > 0) > 0 from marts.fct_orders"
    assert story.query(dated) == [(True,)]
    story.warehouse.dbt(*ALL, "--vars", "calendar_starts_on: 2020-01-01")
    assert story.query(dated) == [(False,)]
    story.warehouse.dbt(*ALL)
    assert story.query(dated) == [(True,)]


def test_a_build_tests_what_has_changed_and_dbt_test_everything(story: Story) -> None:
    """And a table is made again as a whole where one that it reads is of another SQL."""
    test = "assert_order_durations_match_timestamps"
    wrong = "select count(*) from marts.fct_orders where hours_to_approve = -9"
    order = "update marts.fct_orders set hours_to_approve = -9 where order_id = 'o1'"
    story.warehouse.query(order, fetch=False)
    build = ("build", "--select", "fct_orders", test)
    assert story.warehouse.dbt(*build)[test] == "pass"
    assert story.warehouse.start("test", "--select", test).wait() == 1
    assert story.query(wrong) == [(1,)]
    story.warehouse.query(
        "update staging._watermarks set code = 'other' where model = 'stg_olist__orders'",
        fetch=False,
    )
    story.warehouse.dbt("build", "--select", "+fct_orders", "--exclude", "test_type:unit")
    assert story.query(wrong) == [(0,)]


def test_what_people_made_stays(story: Story) -> None:
    """Views, grants and comments of their own, through a run that changes the tables."""
    story.warehouse.query(
        "create schema own; create view own.sales as select * from marts.fct_orders;"
        "create view own.people as select * from marts.dim_customers;"
        "grant select on marts.fct_orders to pg_monitor;"
        "comment on constraint fct_orders_pkey on marts.fct_orders is 'theirs'",
        fetch=False,
    )
    orders = story.query("select count(*) from own.sales")[0][0]
    story.land({"orders": ["o9,c1,delivered,2018-01-09 10:00:00,,,,2018-02-01 00:00:00"]}, "delta")
    story.warehouse.dbt(*ALL)
    assert story.query("select count(*) from own.sales") == [(orders + 1,)]
    assert story.query("select count(*) > 0 from own.people") == [(True,)]
    assert story.query(
        "select has_table_privilege('pg_monitor', 'marts.fct_orders', 'select')"
    ) == [(True,)]


def test_a_full_refresh_keeps_the_keys_in_the_catalogue(story: Story) -> None:
    keys = (
        "select conrelid::regclass::text, contype, count(*) from pg_constraint"
        " where connamespace = 'marts'::regnamespace and contype in ('p', 'f')"
        " group by 1, 2 order by 1, 2"
    )
    before = story.query(keys)
    assert {row[0] for row in before if row[1] == "p"} == {f"marts.{name}" for name in MARTS}
    refresh = (*ALL, "--full-refresh", "--select", "dim_products", "dim_customers", "fct_payments")
    process = story.warehouse.start(*refresh)
    output, _ = process.communicate()
    assert process.returncode == 1
    assert "--full-refresh of dim_customers would drop own.people" in " ".join(output.split())
    story.warehouse.dbt(*refresh, "--vars", "drop_views: true")
    assert story.query(keys) == before


def test_one_view_made_anew_leaves_the_others(story: Story) -> None:
    views = "select count(*) from pg_views where schemaname in ('staging', 'intermediate')"
    before = story.query(views)
    story.warehouse.dbt("run", "--select", "stg_olist__pin", "int_orders_with_milestones")
    story.warehouse.dbt("seed", "--full-refresh")
    assert story.query(views)[0][0] >= before[0][0] - 2  # views on seeds
    story.warehouse.dbt(*ALL, "--select", "+fct_orders")


def test_a_developer_builds_beside_production(story: Story) -> None:
    before = story.query(WRITTEN)
    story.warehouse.variables["OLIST_DEV_SCHEMA"] = "dev_ana"
    story.warehouse.dbt(*ALL, "--target", "dev", "--vars", "calendar_starts_on: 2020-01-01")
    schemas = "select nspname::text from pg_namespace where nspname like 'dev_ana%' order by 1"
    names = [name for (name,) in story.query(schemas)]
    assert names == [
        f"dev_ana_{name}"
        for name in ("audit", "intermediate", "marts", "reports", "seeds", "staging")
        if name != "audit" or "dev_ana_audit" in names
    ]
    assert story.query("select max(purchased_date_key) from dev_ana_marts.fct_orders") == [(-1,)]
    assert story.query(WRITTEN) == before
