"""What a run reads: the batches that had landed when it began, whatever else goes on meanwhile."""

import pytest

from load_sequence import BASE, LoadSequence
from warehouse import MARTS, NO_TESTS, Warehouse

NEW_ORDER = BASE["orders"][0].replace("o1,c1", "o4,c4")


def dbt(warehouse: Warehouse, *arguments: str) -> tuple[int, str]:
    """Run dbt as users do; return its exit status and output."""
    process = warehouse.start(*arguments)
    output, _ = process.communicate()
    return process.returncode, output


def pin(warehouse: Warehouse) -> int:
    return int(warehouse.query("select batch_id from staging._pin")[0][0])


def test_without_raw_there_is_one_error_that_says_what_to_do(warehouse: Warehouse) -> None:
    status, output = dbt(warehouse, "run", "--select", "staging")
    assert status != 0
    assert "yet (it has no raw._batches): run 'olist land LOCATION' first." in output
    assert output.count("does not exist") == 0


def test_a_run_without_seeds_says_what_to_do(warehouse: Warehouse, loads: LoadSequence) -> None:
    assert loads.is_built
    status, output = dbt(warehouse, "run", "--target", "dev")
    assert status != 0
    assert "is missing: run 'dbt seed' first" in output
    assert output.count("does not exist") == 0


@pytest.fixture(scope="module")
def loads(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> LoadSequence:
    made = LoadSequence(warehouse, tmp_path_factory.mktemp("files"))
    made.land()
    made.run()
    return made


def test_only_a_build_or_run_moves_it(loads: LoadSequence) -> None:
    """A colleague's test during a build, say, leaves the build what it began with."""
    loads.land({"sellers": ["s3,01151,sao paulo,SP"]}, "delta")
    for command in (
        ("test", "--select", "stg_olist__sellers"),
        ("source", "freshness", "--select", "source:olist.sellers"),
        ("compile", "--select", "stg_olist__sellers"),
        ("show", "--select", "stg_olist__sellers"),
        ("run", "--empty", "--select", "fct_payments"),
    ):
        loads.warehouse.dbt(*command)
        assert pin(loads.warehouse) == 1, command
    assert loads.query("select count(*) from staging.stg_olist__sellers") == [(2,)]
    loads.warehouse.dbt("run", "--select", "+dim_sellers", "+fct_payments")
    assert pin(loads.warehouse) == 2
    assert loads.query("select count(*) from staging.stg_olist__sellers") == [(3,)]
    assert loads.query("select count(*) from marts.fct_payments") == [(3,)]


def test_a_retry_goes_on_with_the_pin_of_the_run_that_failed(loads: LoadSequence) -> None:
    """Case 17: facts and dimensions of one build are of one state of raw."""
    loads.land({"orders": [NEW_ORDER], "customers": ["c4,u4,01151,sao paulo,SP"]}, "delta")
    loads.warehouse.query(
        "create function marts.stop() returns trigger language plpgsql as"
        " $$ begin raise 'stopped'; end $$;"
        "create trigger stop before insert on marts.fct_orders execute function marts.stop()",
        fetch=False,
    )
    build = ("build", *NO_TESTS, "--select", "path:models/staging", "path:models/marts")
    status, output = dbt(loads.warehouse, *build)
    assert (status, "stopped" in output) == (1, True)
    assert pin(loads.warehouse) == 3
    watermarks = "select model, batch_id from staging._watermarks order by 1"
    assert ("fct_orders", 1) in loads.query(watermarks)
    loads.warehouse.query("drop function marts.stop cascade", fetch=False)
    loads.land({"orders": [NEW_ORDER.replace("o4,c4", "o5,c5")]}, "delta")
    assert dbt(loads.warehouse, "retry")[0] == 0
    assert pin(loads.warehouse) == 3
    assert ("fct_orders", 3) in loads.query(watermarks)
    assert loads.query("select max(order_id), count(*) from marts.fct_orders") == [("o4", 4)]
    assert loads.build()["assert_orders_match_staging"] == "pass"
    assert loads.query("select max(order_id), count(*) from marts.fct_orders") == [("o5", 5)]


def test_raw_that_was_restored_from_an_older_dump_counts_as_changed(loads: LoadSequence) -> None:
    """The next load has the number of one that is lost: the fact's watermark is not it."""
    loads.run()
    tables = [name for name in BASE if name != "geolocation"]
    loads.warehouse.query(
        "".join(
            f"delete from raw.{table} where _batch_id = 4;"
            f"update raw.{table} set _until_batch_id = null where _until_batch_id = 4;"
            for table in tables
        )
        + "delete from raw._files where batch_id = 4; delete from raw._batches where batch_id = 4",
        fetch=False,
    )
    loads.land({"order_payments": ["o1,1,credit_card,1,99.00"]}, "delta")
    assert loads.query("select max(batch_id) from raw._batches") == [(4,)]
    loads.run()
    assert_refreshed(loads)
    assert loads.query("select count(*) from marts.fct_orders") == [(4,)]


def test_raw_that_was_landed_anew_counts_as_changed(loads: LoadSequence) -> None:
    loads.warehouse.query("drop schema raw cascade", fetch=False)
    loads.land({**BASE, "order_payments": BASE["order_payments"][1:]})
    loads.is_built = False  # the views went along with raw
    loads.run()
    assert loads.query("select count(*), sum(payments_value)::float from marts.fct_orders") == [
        (3, 55.0)
    ]
    assert_refreshed(loads)


def assert_refreshed(loads: LoadSequence) -> None:
    """Marts are what a full refresh makes of them."""
    found = loads.warehouse.marts(MARTS)
    loads.run("--full-refresh")
    assert loads.warehouse.marts(MARTS) == found
