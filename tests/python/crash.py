"""Loads that are killed, and what of a database has to be the same as if they had not been."""

import multiprocessing
import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path

from tqdm import tqdm

from crowd import Rows, ask
from loaders.cli import main
from loaders.tables import TABLES

CRASHES = int(os.environ.get("OLIST_CRASHES", "100"))
SEED = int(os.environ.get("OLIST_CRASH_SEED", random.randrange(10**6)))

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["crash", "loaders.land", "loaders.sources.files"])


def start_load(variables: Mapping[str, str], *arguments: str) -> BaseProcess:
    """Start ``olist land`` in a process of its own, which has imported everything already."""
    process = _context.Process(target=_run, args=(dict(variables), ["land", *arguments]))
    process.start()
    return process


def _run(variables: Mapping[str, str], arguments: list[str]) -> None:
    os.environ.pop("DATABASE_URL", None)
    os.environ.update(variables)
    tqdm.set_lock(
        threading.RLock()
    )  # its own is a semaphore of the system, which a kill would leave
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
        raise SystemExit(main(arguments))


def run_load(variables: Mapping[str, str], *arguments: str) -> float:
    """Run a load to its end; return how long it took, in seconds."""
    begun = time.monotonic()
    process = start_load(variables, *arguments)
    process.join()
    assert process.exitcode == 0
    return time.monotonic() - begun


def content(variables: Mapping[str, str]) -> Rows:
    """What is in each raw table, and in what dbt sees of it, but for times and numbers of batches.

    Which rows came with which file, and in which order, is part of it.
    """
    queries = [
        f"select '{relation}', md5(string_agg(row_text, ',' order by row_text)), count(*) from ("
        f" select row({', '.join(table.columns)}, _source_file, _deleted_at is null,"
        f" dense_rank() over (order by _batch_id))::text as row_text from raw.{relation}) as found"
        for table in TABLES
        for relation in (table.name, f"_{table.name}_seen")
    ]
    return sorted(ask(variables, " union all ".join(queries)))


@contextmanager
def until(condition: Callable[[], bool], seconds: float = 60) -> Iterator[None]:
    """Wait for a condition before the block; fail when it does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.01)
    yield


def left_behind(variables: Mapping[str, str]) -> Rows:
    """Sessions, advisory locks and temporary tables of loads that are over."""
    return ask(
        variables,
        "select 'session', query from pg_stat_activity"
        " where datname = current_database() and application_name = 'olist'"
        " union all select 'lock', objid::text from pg_locks where locktype = 'advisory'"
        " and database = (select oid from pg_database where datname = current_database())"
        " union all select 'table', relname from pg_class where relpersistence = 't'",
    )
