"""A load that commits while a fact is being rebuilt is seen whole by the next run."""

import threading
from pathlib import Path

import pytest
from psycopg2 import sql

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


def test_a_removal_that_lands_between_delete_and_insert(
    three_lines: Warehouse, tmp_path: Path
) -> None:
    warehouse = three_lines
    write_lines(tmp_path, "1 11.00", "2 20.00", "3 30.00")
    warehouse.land(tmp_path, "snapshot")

    with pytest.MonkeyPatch.context() as patch:
        for name, value in warehouse.variables.items():
            patch.setenv(name, value)
        with connect() as reader, reader.cursor() as cursor:
            # The run's delete waits for this row: its snapshot is taken, its insert is to come.
            cursor.execute("select from marts.fct_order_items where order_id = 'o1' for update")
            run = threading.Thread(
                target=warehouse.dbt, args=("run", "--select", "+fct_order_items")
            )
            run.start()
            with until(lambda: warehouse.query(WAITING) == [(1,)], 120):
                pass
            write_lines(tmp_path, "1 11.00", "2 22.00")  # line 3 is removed, line 2 corrected
            warehouse.land(tmp_path, "snapshot")
            reader.rollback()
            run.join()

    warehouse.dbt("run", "--select", "+fct_order_items")
    lines = sql.SQL("select order_id, price from marts.fct_order_items order by order_id")
    assert warehouse.query(lines) == [("o1", 11), ("o2", 22)]
