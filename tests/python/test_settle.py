"""What a landing does after its commit: indexes and statistics, made up for where they lack."""

import threading
from collections.abc import Callable
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection

from conftest import Query, write_csv
from loaders import connection
from loaders.errors import LoaderError
from loaders.land import land, settle
from loaders.tables import TABLES

INDEXES = "select indexrelid::regclass::text from pg_index where indrelid = 'raw.{}'::regclass"
ANALYZED = "select reltuples from pg_class where oid = 'raw.{}'::regclass"
ORDER = "o1,c1,delivered,2018-01-01 10:00:00,,,,2018-01-20 00:00:00"
LINE = "o1,1,p1,s1,2018-01-05 00:00:00,10.00,1.00"


def _files(folder: Path) -> Path:
    write_csv(folder, "orders", ORDER)
    return write_csv(folder, "order_items", LINE).parent


def _missing(query: Query) -> set[str]:
    there = {name for table in TABLES for (name,) in query(INDEXES.format(table.name))}
    return {f"raw.{name}" for table in TABLES for name in table.indexes} - there


def test_a_first_landing_leaves_every_index_and_statistics(tmp_path: Path, query: Query) -> None:
    land(_files(tmp_path), say=lambda _: None)
    assert _missing(query) == set()
    assert query(ANALYZED.format("orders")) == [(1,)]
    assert query(ANALYZED.format("order_items")) == [(1,)]


def test_what_a_killed_landing_left_undone_is_done_by_the_next(
    tmp_path: Path, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("loaders.land.landing.settle", killed)
        with pytest.raises(KeyboardInterrupt):
            land(_files(tmp_path), say=lambda _: None)
    assert query("select count(*) from raw.orders") == [(1,)]
    assert {"raw.orders_batch_id_idx", "raw.order_items_seller_id_idx"} <= _missing(query)

    counts = land(tmp_path, say=lambda _: None)
    assert not counts.anything
    assert _missing(query) == set()
    assert query(ANALYZED.format("orders")) == [(1,)]


def test_it_does_without_a_second_connection(
    tmp_path: Path, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threading.Event()

    def refused() -> None:
        asked.set()
        raise LoaderError("too many connections")

    monkeypatch.setattr(settle, "connect", refused)
    land(_files(tmp_path), say=lambda _: None)
    assert asked.is_set()
    assert _missing(query) == set()


def _full(_: Connection) -> None:
    raise psycopg2.errors.DiskFull("no space left")


def _ended(link: Connection) -> None:
    with link.cursor() as cursor:
        cursor.execute("select pg_terminate_backend(pg_backend_pid())")


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize(
    ("meet", "error"),
    [(_full, psycopg2.errors.DiskFull), (_ended, psycopg2.OperationalError)],
)
def test_what_the_second_connection_meets_is_told(
    tmp_path: Path,
    query: Query,
    monkeypatch: pytest.MonkeyPatch,
    meet: Callable[[Connection], None],
    error: type[psycopg2.Error],
) -> None:
    land(_files(tmp_path), say=lambda _: None)
    query("drop index raw.orders_batch_id_idx, raw.order_items_batch_id_idx")
    working = threading.Barrier(2)
    work = settle._work

    def both_work(link: Connection, jobs: list[settle.Job]) -> None:
        working.wait(10)
        if threading.current_thread() is not threading.main_thread():
            meet(link)
        work(link, jobs)

    monkeypatch.setattr(settle, "_work", both_work)
    with connection.connect() as link, pytest.raises(error):
        settle.settle(link, ["orders", "order_items"])
