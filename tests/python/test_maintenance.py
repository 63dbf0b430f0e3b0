"""What a landing leaves beside the rows: batch columns kept once, indexes, statistics."""

import threading
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection

from conftest import Query, write_csv
from loaders import connection
from loaders.errors import LoaderError
from loaders.land import land, maintenance
from loaders.tables import ALL_TABLES, BY_NAME

ANALYZED = "select reltuples from pg_class where oid = 'raw.orders'::regclass"
ORDER = "o1,c1,delivered,2018-01-01 10:00:00,,,,2018-01-20 00:00:00"
LINE = "o1,1,p1,s1,2018-01-05 00:00:00,10.00,1.00"


def _files(folder: Path) -> Path:
    write_csv(folder, "orders", ORDER)
    return write_csv(folder, "order_items", LINE).parent


def _missing(query: Query) -> set[str]:
    there = {name for (name,) in query("select indexname from pg_indexes where schemaname = 'raw'")}
    keys = {f"{table.name}_current_key" for table in ALL_TABLES if table.key}
    return keys.union(*map(maintenance.indexes, ALL_TABLES)) - there


def test_a_first_landing_leaves_indexes_statistics_and_batch_columns_that_are_kept_once(
    tmp_path: Path, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threading.Event()

    def refused() -> None:
        asked.set()
        raise LoaderError("too many connections")

    monkeypatch.setattr(maintenance, "connect", refused)  # it does without a second one
    land(_files(tmp_path), say=lambda _: None)
    assert asked.is_set()
    assert _missing(query) == set()
    assert query(ANALYZED) == [(1,)]
    assert query(
        "select attname, atthasmissing, atthasdef from pg_attribute"
        " where attrelid = 'raw.orders'::regclass"
        f" and attnum > {len(BY_NAME['orders'].columns)} order by attnum"
    ) == [
        ("_batch_id", True, False),
        ("_until_batch_id", False, False),
        ("_loaded_at", True, False),
        ("_source_file", True, False),
    ]


def test_what_a_killed_landing_left_undone_is_done_by_the_next(
    tmp_path: Path, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("loaders.land.maintain", killed)
        with pytest.raises(KeyboardInterrupt):
            land(_files(tmp_path), say=lambda _: None)
    assert query("select count(*) from raw.orders") == [(1,)]
    assert {"sellers_batch_id_idx"} <= _missing(query)
    assert not land(tmp_path, say=lambda _: None).anything
    assert _missing(query) == set()


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize(
    "statement", ["select 1 / 0", "select pg_terminate_backend(pg_backend_pid())"]
)
def test_what_the_second_connection_meets_is_raised(
    database: dict[str, str], statement: str
) -> None:
    both = threading.Barrier(2)

    def job(link: Connection) -> None:
        both.wait(10)
        if threading.current_thread() is not threading.main_thread():
            link.cursor().execute(statement)

    with connection.connect() as link, pytest.raises(psycopg2.Error):
        maintenance.in_two(link, [job, job])
