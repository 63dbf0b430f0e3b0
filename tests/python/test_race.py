"""What commits while a fact is being built is seen whole by the next run."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from psycopg2.extensions import cursor as Cursor

from conftest import write_csv
from crash import until
from loaders.connection import connect
from warehouse import Warehouse

DAY = "2018-01-02 10:00:00"
WAITING = (
    "select count(*) from pg_stat_activity"
    " where datname = current_database() and wait_event_type = 'Lock'"
)


def write_lines(folder: Path, *lines: str) -> None:
    """Write order lines as number of the order and price."""
    rows = (f"o{order},1,p1,s1,{DAY},{price},1.00" for order, price in map(str.split, lines))
    write_csv(folder, "order_items", *rows)


@pytest.fixture
def three_lines(warehouse: Warehouse, tmp_path: Path) -> Warehouse:
    write_csv(tmp_path, "orders", *(f"o{n},c{n},delivered,{DAY},,,,{DAY}" for n in (1, 2, 3)))
    write_lines(tmp_path, "1 10.00", "2 20.00", "3 30.00")
    warehouse.land(tmp_path)
    warehouse.dbt("seed")
    warehouse.dbt("run", "--select", "+fct_order_items")
    return warehouse


@contextmanager
def waiting(warehouse: Warehouse, lock: str, *command: str) -> Iterator[Cursor]:
    """Start a dbt command, and come here when it waits for a lock, which is let go at the end."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in warehouse.variables.items():
            patch.setenv(name, value)
        with ThreadPoolExecutor() as pool, connect() as holder, holder.cursor() as cursor:
            cursor.execute(lock)
            run = pool.submit(warehouse.dbt, *command)
            with until(lambda: warehouse.query(WAITING) == [(1,)], 120):
                pass
            yield cursor
            holder.rollback()
            run.result()


def lines_after_a_run(warehouse: Warehouse) -> list[tuple[object, ...]]:
    warehouse.dbt("run", "--select", "+fct_order_items")
    return warehouse.query("select order_id, price from marts.fct_order_items order by order_id")


def test_a_removal_that_lands_between_delete_and_insert(
    three_lines: Warehouse, tmp_path: Path
) -> None:
    write_lines(tmp_path, "1 11.00", "2 20.00", "3 30.00")
    three_lines.land(tmp_path, "snapshot")
    # The run's delete waits for this row: its snapshot is taken, its insert is to come.
    lock = "select from marts.fct_order_items where order_id = 'o1' for update"
    with waiting(three_lines, lock, "run", "--select", "+fct_order_items"):
        write_lines(tmp_path, "1 11.00", "2 22.00")  # line 3 is removed, line 2 corrected
        three_lines.land(tmp_path, "snapshot")
    assert lines_after_a_run(three_lines) == [("o1", 11), ("o2", 22)]


def test_a_full_refresh_and_who_holds_the_table_as_autovacuum_does(three_lines: Warehouse) -> None:
    lock = "lock table marts.fct_order_items in share update exclusive mode"
    refresh = ("--full-refresh", "--vars", "drop_views: true", "--select", "fct_order_items")
    with waiting(three_lines, lock, "run", *refresh) as holder:
        # It waits with nothing in hand: what a vacuum notes of an index does not wait for it.
        holder.execute("set local lock_timeout = '1s'")
        holder.execute("alter index marts.fct_order_items_order_id_idx set (fillfactor = 80)")
    assert lines_after_a_run(three_lines) == [("o1", 10), ("o2", 20), ("o3", 30)]


def test_a_pin_that_moves_while_a_table_is_made_anew(
    three_lines: Warehouse, tmp_path: Path
) -> None:
    # The table has its rows; what it was made from is still to be noted.
    lock = "lock table staging._watermarks in share mode"
    refresh = ("--full-refresh", "--vars", "drop_views: true")
    with waiting(three_lines, lock, "run", "--select", "stg_olist__order_items", *refresh):
        write_lines(tmp_path, "2 22.00")
        three_lines.land(tmp_path, "delta")
        # as another run of the target does when it begins
        newest = "(select max(batch_id) from raw._batches)"
        three_lines.query(f"update staging._pin set batch_id = {newest}", fetch=False)
    assert lines_after_a_run(three_lines) == [("o1", 10), ("o2", 22), ("o3", 30)]
