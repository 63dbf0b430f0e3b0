"""Marts and reports are brought in place to what their models say: what is written, what stays."""

import pytest
from dbt_common.events.base_types import EventMsg

from load_sequence import LoadSequence
from warehouse import MARTS, NO_TESTS, Warehouse

ALL = ("build", *NO_TESTS)
# Who has written each row (xmin), which an update changes.
WRITTEN = " union all ".join(
    f"select '{name}' as name, count(*) as rows, max(xmin::text::bigint) as last from marts.{name}"
    for name in MARTS
)


@pytest.fixture(scope="module")
def loads(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> LoadSequence:
    made = LoadSequence(warehouse, tmp_path_factory.mktemp("files"))
    made.land()
    made.warehouse.dbt(*ALL)
    return made


def test_a_run_with_nothing_new_writes_nothing(loads: LoadSequence) -> None:
    before = loads.query(WRITTEN)
    loads.warehouse.dbt(*ALL)
    assert loads.query(WRITTEN) == before


def test_a_run_writes_the_rows_that_differ(loads: LoadSequence) -> None:
    """One new seller: no row of any other is written, and no fact."""
    before = {name: last for name, _, last in loads.query(WRITTEN)}
    loads.land({"sellers": ["s9,01151,sao paulo,SP"]}, "delta")
    loads.warehouse.dbt(*ALL)
    after = {name: last for name, _, last in loads.query(WRITTEN)}
    written = {name for name in MARTS if after[name] != before[name]}
    assert written == {"dim_sellers", "dim_sellers_history"}
    assert loads.query(
        "select seller_id from marts.dim_sellers"
        f" where xmin::text::bigint > {before['dim_sellers']}"
    ) == [("s9",)]


def test_a_variable_needs_no_full_refresh(loads: LoadSequence) -> None:
    dated = "select count(*) filter (where purchased_date_key > 0) > 0 from marts.fct_orders"
    assert loads.query(dated) == [(True,)]
    loads.warehouse.dbt(*ALL, "--vars", "calendar_starts_on: 2020-01-01")
    assert loads.query(dated) == [(False,)]
    loads.warehouse.dbt(*ALL)
    assert loads.query(dated) == [(True,)]


def test_a_build_tests_what_has_changed_and_dbt_test_everything(loads: LoadSequence) -> None:
    """And a table is made again as a whole where one that it reads is of another SQL."""
    test = "assert_order_durations_match_timestamps"
    wrong = "select count(*) from marts.fct_orders where hours_to_approve = -9"
    order = "update marts.fct_orders set hours_to_approve = -9 where order_id = 'o1'"
    build = ("build", "--select", "fct_orders", test)
    loads.warehouse.dbt(*build)
    loads.warehouse.query(order, fetch=False)
    assert loads.warehouse.dbt(*build)[test] == "pass"
    assert loads.warehouse.start("test", "--select", test).wait() == 1
    assert loads.query(wrong) == [(1,)]
    other_sql = ("--vars", "source_time_zone: UTC")  # of stg_olist__orders
    loads.warehouse.dbt("run", "--select", "+fct_orders", *other_sql)
    assert loads.query(wrong) == [(0,)]


def test_customers_who_changed_and_what_they_point_at_are_tested(loads: LoadSequence) -> None:
    """By a build; of one who did not change, an address is wrong until `dbt test`."""
    customers, keys = "assert_customers_match_sources", "fct_orders_foreign_keys"
    city = "update marts.dim_customers set city = 'x' where customer_unique_id = '{}'"
    loads.warehouse.dbt("build", "--select", f"+{customers}", keys)
    loads.warehouse.query(city.format("u1"), fetch=False)
    loads.land({"customers": ["c2,u2,20040,niteroi,RJ"]}, "delta")
    built = loads.warehouse.dbt("build", "--select", f"+{customers}", keys)
    assert (built[customers], built[keys]) == ("pass", "pass")
    assert loads.warehouse.start("test", "--select", customers).wait() == 1

    loads.land({"customers": ["c2,u2,20040,rio de janeiro,RJ"]}, "delta")
    loads.warehouse.dbt("run", "--select", f"+{customers}")
    loads.warehouse.query(city.format("u2"), fetch=False)
    assert loads.warehouse.start("build", "--select", customers).wait() == 1
    loads.warehouse.query(
        "update marts.fct_orders set customer_key = 'x' where order_id = 'o2'", fetch=False
    )
    assert loads.warehouse.start("build", "--select", keys).wait() == 1
    loads.warehouse.query("update staging._watermarks set code = 'other'", fetch=False)
    loads.warehouse.dbt("build", "--select", f"+{customers}", keys)


def test_another_run_that_ends_before_this_one_has_the_table(loads: LoadSequence) -> None:
    """What the other one has inserted is in this one's SQL, too, which was compiled before."""
    warehouse = loads.warehouse
    loads.land({"order_payments": ["o1,7,voucher,1,7.00"]}, "delta")
    warehouse.dbt("run", "--select", "+fct_payments", "--exclude", "fct_payments")
    run = ("run", "--select", "fct_payments")
    others: list[int] = []

    def meanwhile(event: EventMsg) -> None:
        if event.info.name == "NodeExecuting" and not others:
            others.append(warehouse.start(*run).wait())
            # and then a parent is written again, so this run has something to do
            parent = "update staging._watermarks set version = version + 1 where model = '{}'"
            warehouse.query(parent.format("stg_olist__orders"), fetch=False)

    warehouse.dbt(*run, callbacks=[meanwhile])
    assert others == [0]
    paid = "select sum(payment_value) from marts.fct_payments where payment_sequential = 7"
    assert loads.query(paid) == [(7,)]


def test_a_column_that_is_added_has_its_constraint(loads: LoadSequence) -> None:
    rows = loads.warehouse.mart("dim_sellers", "seller_key, city")
    nullable = (
        "select count(*) from information_schema.columns where is_nullable = 'YES'"
        " and (table_schema, table_name) = ('marts', 'dim_sellers') and column_name = 'city'"
    )
    loads.warehouse.query(
        "alter table marts.dim_sellers drop city;"
        "update staging._watermarks set code = 'other' where model = 'dim_sellers'",
        fetch=False,
    )
    loads.warehouse.dbt("run", "--select", "dim_sellers")
    assert loads.warehouse.mart("dim_sellers", "seller_key, city") == rows
    assert loads.query(nullable) == [(0,)]


def test_a_column_of_another_type_says_what_to_run(loads: LoadSequence) -> None:
    loads.warehouse.query(
        "alter table marts.dim_sellers alter is_removed type text;"
        "update staging._watermarks set code = 'other' where model = 'dim_sellers'",
        fetch=False,
    )
    refresh = ("run", "--select", "dim_sellers")
    output, _ = loads.warehouse.start(*refresh).communicate()
    assert (
        "dim_sellers has is_removed as text, which its model has as boolean:"
        " run '.venv/bin/dbt build --full-refresh --select dim_sellers'."
    ) in " ".join(output.split())
    loads.warehouse.dbt(*refresh, "--full-refresh")


def test_what_people_made_stays(loads: LoadSequence) -> None:
    """Views, grants and comments of their own, through a run that changes the tables."""
    loads.warehouse.query(
        "create schema own; create view own.sales as select * from marts.fct_orders;"
        "create view own.people as select * from marts.dim_customers;"
        "grant select on marts.fct_orders to pg_monitor;"
        "comment on constraint fct_orders_pkey on marts.fct_orders is 'theirs'",
        fetch=False,
    )
    orders = loads.query("select count(*) from own.sales")[0][0]
    loads.land({"orders": ["o9,c1,delivered,2018-01-09 10:00:00,,,,2018-02-01 00:00:00"]}, "delta")
    loads.warehouse.dbt(*ALL)
    assert loads.query("select count(*) from own.sales") == [(orders + 1,)]
    assert loads.query("select count(*) > 0 from own.people") == [(True,)]
    assert loads.query(
        "select has_table_privilege('pg_monitor', 'marts.fct_orders', 'select')"
    ) == [(True,)]


def test_a_full_refresh_keeps_keys_and_plain_names_in_the_catalogue(loads: LoadSequence) -> None:
    names = (
        "select conname::text from pg_constraint where connamespace = 'marts'::regnamespace"
        " union all select indexname::text from pg_indexes where schemaname = 'marts' order by 1"
    )
    before = loads.query(names)
    assert {(f"{name}_pkey",) for name in MARTS} < set(before)
    assert ("fct_payments_order_id_idx",) in before
    refresh = (*ALL, "--full-refresh", "--select", "dim_products", "dim_customers", "fct_payments")
    process = loads.warehouse.start(*refresh)
    output, _ = process.communicate()
    assert process.returncode == 1
    assert (
        "--full-refresh of dim_customers would drop own.people: allow it with --vars"
        " 'drop_views: true' and then make your own again."
    ) in " ".join(output.split())
    output, _ = loads.warehouse.start(
        "run", "--full-refresh", "--select", "stg_olist__orders"
    ).communicate()
    assert ": select what the project makes too (@stg_olist__orders)." in " ".join(output.split())
    loads.warehouse.dbt(*refresh, "--vars", "drop_views: true")
    assert loads.query(names) == before


def test_one_view_made_anew_leaves_the_others(loads: LoadSequence) -> None:
    views = "select count(*) from pg_views where schemaname in ('staging', 'intermediate')"
    before = loads.query(views)
    loads.warehouse.dbt("run", "--select", "stg_olist__pin", "int_orders_with_milestones")
    loads.warehouse.dbt("seed", "--full-refresh")
    assert loads.query(views)[0][0] >= before[0][0] - 2  # views on seeds
    loads.warehouse.dbt(*ALL, "--select", "+fct_orders")


def test_a_developer_builds_beside_production(loads: LoadSequence) -> None:
    before = loads.query(WRITTEN)
    loads.warehouse.variables["OLIST_DEV_SCHEMA"] = "dev_ana"
    loads.warehouse.dbt(*ALL, "--target", "dev", "--vars", "calendar_starts_on: 2020-01-01")
    schemas = "select nspname::text from pg_namespace where nspname like 'dev_ana%' order by 1"
    names = [name for (name,) in loads.query(schemas)]
    assert names == [
        f"dev_ana_{name}"
        for name in ("audit", "intermediate", "marts", "reports", "seeds", "staging")
        if name != "audit" or "dev_ana_audit" in names
    ]
    assert loads.query("select max(purchased_date_key) from dev_ana_marts.fct_orders") == [(-1,)]
    assert loads.query(WRITTEN) == before
