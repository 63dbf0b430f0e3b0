"""Readers of marts that ask all the time while dbt builds."""

from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from concurrency import asking, open_session
from crash import run_load
from exports import SNAPSHOT, exports
from warehouse import FACTS, MARTS, STAR, Warehouse

KEYS = (
    "select conrelid::regclass::text, fact.attname::text, confrelid::regclass::text,"
    " dimension.attname::text from pg_constraint"
    " join pg_attribute as fact on fact.attrelid = conrelid and fact.attnum = conkey[1]"
    " join pg_attribute as dimension"
    " on dimension.attrelid = confrelid and dimension.attnum = confkey[1]"
    " where contype = 'f' and connamespace = 'marts'::regnamespace"
)


@pytest.mark.parametrize("options", [(), ("--full-refresh",)], ids=["incremental", "full"])
def test_readers_see_whole_tables_and_never_a_missing_one(
    warehouse: Warehouse, tmp_path: Path, options: tuple[str, ...]
) -> None:
    history = exports(tmp_path, 0.005)
    run_load(warehouse.variables, str(next(history)), *SNAPSHOT)
    warehouse.dbt("build", *STAR)
    states = {
        mart: f"select '{mart}', count(*), md5(string_agg(mart::text, ',' order by mart::text))"
        f" from marts.{mart} as mart"
        for mart in MARTS
    }
    joins = [
        f"select count(*) from {fact} as fact join {dimension} as other"
        f" on fact.{column} = other.{key}"
        for fact, column, dimension, key in warehouse.query(KEYS)
    ]
    has_keys = warehouse.query("show server_version_num") >= [("180000",)]
    assert len(joins) == (25 if has_keys else 0)
    before = {mart: warehouse.query(query)[0] for mart, query in states.items()}
    run_load(warehouse.variables, str(next(history)), *SNAPSHOT)
    with ExitStack() as stack:
        readers = [
            stack.enter_context(asking(warehouse.variables, *queries))
            for queries in (tuple(states.values()), tuple(joins))
            if queries
        ]
        warehouse.dbt("build", *STAR, *options)
    after = {mart: warehouse.query(query)[0] for mart, query in states.items()}
    assert {mart for mart in FACTS if before[mart] != after[mart]} == set(FACTS)
    errors = [error for reader in readers for error in reader.errors]
    assert not errors, "\n".join(sorted({error[-180:] for error in errors}))
    for mart, query in states.items():
        assert readers[0].answers[query] <= {before[mart], after[mart]}
    assert all(reader.asked > 20 for reader in readers)


def test_a_slow_reader_and_a_run_do_not_wait_for_each_other(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    """Tables change in place: a query of hours holds no run up, and sees what it saw."""
    history = exports(tmp_path, 0.002)
    run_load(warehouse.variables, str(next(history)), *SNAPSHOT)
    warehouse.dbt("build", *STAR)
    reads = (
        "select count(*), max(_batch_id)"
        " from marts.fct_orders join marts.dim_customers using (customer_key)"
    )
    with closing(open_session(warehouse.variables)) as slow, slow.cursor() as cursor:
        cursor.execute("begin isolation level repeatable read")
        cursor.execute(reads)
        before = cursor.fetchall()
        run_load(warehouse.variables, str(next(history)), *SNAPSHOT)
        warehouse.dbt("build", *STAR)
        cursor.execute(reads)
        assert cursor.fetchall() == before
    assert warehouse.query(reads) != before
