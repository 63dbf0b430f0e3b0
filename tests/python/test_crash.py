"""Loads that are killed, or lose their connection: `make crashes` for a thousand of them."""

import random
import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from concurrency import ask, ended, olist
from conftest import temporary_database
from crash import CRASHES, SEED, History, content, left_behind, run_load, start_load, until
from loaders.land.ledger import CRASHED
from loopback import forwarding

LEDGER = "select batch_id, status, error from raw._batches order by batch_id"
UNFINISHED = r"select relname from pg_class where relname like '\_initial%'"
LAST = "select status, seconds::float from raw._batches order by batch_id desc limit 1"


def test_a_load_that_is_killed_leaves_all_or_nothing(
    postgres: dict[str, str], tmp_path: Path
) -> None:
    draw = random.Random(SEED)
    with temporary_database(postgres) as crashing, temporary_database(postgres) as quiet:
        history = History(quiet, tmp_path, 0.001)
        times = [run_load(crashing, *history.load)]
        hits = dict.fromkeys(("before", "in", "after"), 0)
        history.advance()
        for number in range(CRASHES):
            where = _kill_one(crashing, history, draw.uniform(0, statistics.median(times)))
            hits[where] += 1
            if where != "after" and number % 3:
                continue  # and killed again
            if where != "after":
                times.append(run_load(crashing, *history.load))
                assert content(crashing) == history.after
            history.advance()
        with until(lambda: not left_behind(crashing)):
            told = ask(crashing, LEDGER)
    print(hits, f"a load takes {statistics.median(times):.3f} s")
    assert hits["in"] > CRASHES / 8
    assert [batch for batch, _, _ in told] == list(range(1, len(told) + 1))
    crashed = [error for _, status, error in told if status == "crashed"]
    assert crashed == [CRASHED] * hits["in"]
    assert {status for _, status, _ in told} <= {"crashed", "landed", "unchanged"}


def _kill_one(database: dict[str, str], history: History, delay: float) -> str:
    """Kill a load after so many seconds; return whether that was before, in or after its batch."""
    ((known,),) = ask(database, "select max(batch_id) from raw._batches")
    load = start_load(database, *history.load)
    time.sleep(delay)
    load.kill()
    load.join()
    with until(lambda: not left_behind(database)):
        found = ask(database, f"select status from raw._batches where batch_id > {known}")
    where = {(): "before", ("started",): "in", ("landed",): "after"}[tuple(*found)]
    assert content(database) == (history.after if where == "after" else history.before)
    return where


@pytest.mark.parametrize("command", ["land", "replay"])
def test_a_first_load_that_is_killed_is_begun_anew(
    postgres: dict[str, str], tmp_path: Path, command: str
) -> None:
    draw, killed = random.Random(SEED), 0
    with temporary_database(postgres) as quiet:
        history = History(quiet, tmp_path / "exports", 0.01)
        load: tuple[str, ...] = history.load
        if command == "replay":
            history.advance()  # a replay has a transaction for each batch
            load = (str(tmp_path / "lake"),)
            run_load(quiet, *load, command="archive")
        with temporary_database(postgres) as other:
            usual = run_load(other, *load, command=command)
        for _ in range(max(3, CRASHES // 50)):
            with temporary_database(postgres) as database:
                process = start_load(database, *load, command=command)
                time.sleep(draw.uniform(0, usual))
                process.kill()
                process.join()
                killed += process.exitcode != 0
                with until(lambda where=database: not left_behind(where)):  # type: ignore[misc]
                    run_load(database, *load, command=command)
                assert content(database) == history.after
                assert ask(database, UNFINISHED) == []
    assert killed


@pytest.mark.parametrize("kind", ["ended", "cut"])
def test_a_lost_connection_leaves_all_or_nothing(
    postgres: dict[str, str], tmp_path: Path, kind: str
) -> None:
    draw, lost, times = random.Random(SEED), 0, max(3, CRASHES // 20)
    with temporary_database(postgres) as losing, temporary_database(postgres) as quiet:
        history = History(quiet, tmp_path, 0.002)
        run_load(losing, *history.load)
        for _ in range(times):
            history.advance()
            end = _cut if kind == "cut" else _end_session
            status, said = end(losing, history, draw.random())
            if status:
                lost += 1
                assert said.splitlines()[-1].startswith("olist: the connection to Postg")
                assert "Traceback" not in said
                with until(lambda: not left_behind(losing)):
                    ((last, _),) = ask(losing, LAST)
                # else it was lost after the commit
                assert content(losing) == (history.after if last == "landed" else history.before)
                run_load(losing, *history.load)
            assert content(losing) == history.after
        assert lost > times / 4
        assert {status for _, status, error in ask(losing, LEDGER) if error} == {"crashed"}


def _cut(database: dict[str, str], history: History, part: float) -> tuple[int, str]:
    """Land by a way on which the connection is cut after that part of the bytes."""
    files = [file for file in history.export.iterdir() if "geolocation" not in file.name]
    size = sum(file.stat().st_size for file in files)  # the other one does not change
    with _cutting(database, 2_000 + int(part * size)) as way:
        return ended(olist(way, "land", *history.load))


@contextmanager
def _cutting(postgres: dict[str, str], after: int) -> Iterator[dict[str, str]]:
    def ask(client: socket.socket, server: socket.socket) -> None:
        nonlocal after
        while after > 0 and (block := client.recv(min(4096, after))):
            after -= len(block)
            server.sendall(block)

    with forwarding((postgres["PGHOST"], int(postgres["PGPORT"])), ask) as port:
        yield {**postgres, "PGHOST": "127.0.0.1", "PGPORT": str(port)}


def _end_session(database: dict[str, str], history: History, part: float) -> tuple[int, str]:
    """Start a load, and let the server end its sessions in that part of the time it takes."""
    ((_, seconds),) = ask(database, LAST)
    process = olist(database, "land", *history.load)
    ending = (
        "select count(pg_terminate_backend(pid)) from pg_stat_activity"
        " where datname = current_database() and application_name = 'olist'"
    )
    with until(lambda: ask(database, LAST)[0][0] == "started" or process.poll() is not None):
        time.sleep(part * float(seconds))
        ask(database, ending)
    return ended(process)
