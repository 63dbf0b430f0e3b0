"""Airflow and Dagster run the warehouse: nights that go well, that fail, and that are killed.

Each has an environment of its own, which ``make airflow`` and ``make dagster`` make.
"""

import os
import random
import re
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from conftest import Named, temporary_database, write_csv
from crash import SEED
from exports import exports
from inbox import Inbox, open_inbox
from loaders.connection import url_of
from orchestrators import FOLDER, Airflow, Dagster, Orchestrator, until
from warehouse import MARTS, NO_TESTS, Warehouse

SCALE = float(os.environ.get("OLIST_SCALE", "0.1"))
SECONDS = float(os.environ.get("OLIST_SECONDS", "180"))  # of a night, on a machine at leisure
CRASHES = int(os.environ.get("OLIST_CRASHES", "3"))
KINDS = {"airflow": Airflow, "dagster": Dagster}
VENVS = {kind: os.environ.get(f"OLIST_{kind.upper()}", "") for kind in KINDS}
MOMENTS = 30  # seconds after a trigger in which something is killed
COMMANDS = re.compile(rb"\.venv/bin/(dbt\0|olist\0(?!psql))")  # of tasks: a sensor asks psql


@pytest.mark.parametrize(("kind", "lines"), [("airflow", 120), ("dagster", 150)])
def test_it_is_thin(kind: str, lines: int) -> None:
    text = (FOLDER / kind / "olist.py").read_text("utf-8")
    assert len(text.splitlines()) <= lines
    assert not re.search(r"\b(stg|int|dim|fct|rpt)_", text), "a model needs no line"


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(kind, marks=pytest.mark.skipif(not venv, reason=f"make {kind}"))
        for kind, venv in VENVS.items()
    ],
)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def inbox() -> Iterator[Inbox]:
    with open_inbox() as opened:
        yield opened


@pytest.fixture(scope="module")
def empty(kind: str, named: Named) -> Iterator[Warehouse]:
    with named(kind) as made:
        yield made


@pytest.fixture(scope="module")
def variables(empty: Warehouse, inbox: Inbox, first: Path) -> dict[str, str]:
    """What leads to the warehouse, and to whoever is told."""
    return {
        **empty.variables,
        "OLIST_NOTIFY": inbox.address,
        "OLIST_LOCATION": str(first),  # Airflow begins with the night that it has missed
    }


@pytest.fixture(scope="module")
def running(
    kind: str,
    variables: dict[str, str],
    postgres: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Orchestrator]:
    home = tmp_path_factory.mktemp(kind)
    with temporary_database(postgres) as own:  # for Airflow's tables: SQLite locks under load
        more = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url_of(own)}
        started = KINDS[kind](VENVS[kind], home, {**variables, **more})
        started.start()
        yield started
        started.end()


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    return exports(tmp_path_factory.mktemp("days"), SCALE)


@pytest.fixture(scope="module")
def first(days: Iterator[Path]) -> Path:
    """What the first night brings."""
    return next(days)


def rows(warehouse: Warehouse, *tables: str) -> list[int]:
    return [warehouse.query(f"select count(*) from {table}")[0][0] for table in tables]


def test_two_nights(
    running: Orchestrator, empty: Warehouse, inbox: Inbox, first: Path, days: Iterator[Path]
) -> None:
    for day in (first, next(days)):
        began = time.monotonic()
        assert running.run(day) == (["success"], "success")
        seconds = time.monotonic() - began
        print(f"{type(running).__name__}: {seconds:.0f} s")
        assert seconds <= SECONDS
    assert rows(empty, "marts.fct_orders") == rows(empty, "staging.stg_olist__orders")
    assert inbox.messages == []


def test_two_triggers_at_once_are_queued(running: Orchestrator, days: Iterator[Path]) -> None:
    day = next(days)
    assert running.run(day, day) == (["success", "success"], "success")


def test_a_failed_load_is_told_once(running: Orchestrator, inbox: Inbox, tmp_path: Path) -> None:
    assert running.run(tmp_path / "nowhere") == (["failed"], "")
    assert inbox.titles == [f"load of {tmp_path}/nowhere failed"]
    inbox.messages.clear()


def test_a_failed_test_is_told_once_and_its_end(
    running: Orchestrator, empty: Warehouse, inbox: Inbox, tmp_path: Path
) -> None:
    at = "2018-05-05 10:00:00"
    for folder, bought in (("bad", "never"), ("good", at)):
        lines = [f"q{n},c{n},shipped,{bought},{at},{at},,{at}" for n in range(150)]
        write_csv(tmp_path / folder, "orders", *lines)
    assert running.run(tmp_path / "bad") == (["success"], "failed")
    if isinstance(running, Airflow):
        assert running.tasks() == {
            "build": "failed",
            "freshness": "upstream_failed",
            "quality": "success",
        }
    assert inbox.titles == ["dbt build failed"]
    failing = empty.query(
        "select test_name, failures from reports.rpt_test_results where status = 'fail'"
    )
    assert failing
    for name, failures in failing:
        assert f"test {name}: {failures} rows" in inbox.messages[0][1]
    assert running.run(tmp_path / "good") == (["success"], "success")
    assert inbox.titles == ["dbt build failed", "dbt build works again"]
    inbox.messages.clear()


def started_by(running: Orchestrator) -> list[int]:
    """Commands of the project at work for the orchestrator, by a variable that only they have."""
    mark, found = f"OLIST_HOME={running.home}/home".encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            is_its = mark in (process / "environ").read_bytes().split(b"\0")
            if is_its and COMMANDS.search((process / "cmdline").read_bytes()):
                found.append(int(process.name))
    return found


def test_killed_at_random_moments(
    running: Orchestrator, empty: Warehouse, days: Iterator[Path]
) -> None:
    print(f"OLIST_CRASH_SEED={SEED}")
    draw = random.Random(SEED)
    killed = {"task": 0, "scheduler": 0}

    def kill(number: int) -> None:
        time.sleep(draw.uniform(0, MOMENTS))
        at_any_moment = number % 4 == 3
        tasks = [] if at_any_moment else until(lambda: started_by(running), 120, running.said)
        if number % 2:
            killed["scheduler"] += 1
            running.end(signal.SIGKILL)
            running.start()
            return
        killed["task"] += 1
        for pid in tasks:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    for number in range(CRASHES):
        assert running.run(next(days), meanwhile=partial(kill, number)) == (["success"], "success")
    print(killed)
    found = empty.marts(MARTS)
    empty.dbt("build", *NO_TESTS, "--full-refresh")
    assert empty.marts(MARTS) == found
