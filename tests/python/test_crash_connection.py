"""Loads whose connection is lost: ended by the server, or cut on the way."""

import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conftest import temporary_database
from crash import CRASHES, SEED, content, left_behind, until
from crowd import ask, ended, olist
from exports import SNAPSHOT, exports

TIMES = max(3, CRASHES // 20)
LAST = "select status from raw._batches order by batch_id desc limit 1"
SECONDS = "select seconds from raw._batches where status = 'landed' order by batch_id desc limit 1"
LEDGER = "select distinct status from raw._batches where error is not null"


@contextmanager
def cutting(postgres: dict[str, str], after: int) -> Iterator[dict[str, str]]:
    """Variables of a way to the server on which the connection is cut after so many bytes."""
    with socket.create_server(("127.0.0.1", 0)) as entrance:
        target = (postgres["PGHOST"], int(postgres["PGPORT"]))
        threading.Thread(target=_pass, args=(entrance, target, after), daemon=True).start()
        port = str(entrance.getsockname()[1])
        yield {**postgres, "PGHOST": "127.0.0.1", "PGPORT": port}


def _pass(entrance: socket.socket, target: tuple[str, int], after: int) -> None:
    client, _ = entrance.accept()
    server = socket.create_connection(target)
    threading.Thread(target=_answers, args=(server, client), daemon=True).start()
    while after > 0 and (block := client.recv(min(4096, after))):
        after -= len(block)
        server.sendall(block)
    for end in (client, server):
        end.shutdown(socket.SHUT_RDWR)


def _answers(server: socket.socket, client: socket.socket) -> None:
    try:
        while block := server.recv(4096):
            client.sendall(block)
    except OSError:
        return


@pytest.mark.parametrize("kind", ["ended", "cut"])
def test_a_lost_connection_leaves_all_or_nothing(
    postgres: dict[str, str], tmp_path: Path, kind: str
) -> None:
    print(f"OLIST_CRASH_SEED={SEED}")
    draw = random.Random(SEED)
    history = exports(tmp_path, 0.002, SEED)
    with temporary_database(postgres) as losing, temporary_database(postgres) as quiet:
        assert ended(olist(losing, "land", next(history)))[0] == 0
        before, lost = content(losing), 0
        for _ in range(TIMES):
            export = next(history)
            load = ("land", export, *SNAPSHOT)
            files = [file for file in export.iterdir() if "geolocation" not in file.name]
            size = sum(file.stat().st_size for file in files)  # the other one does not change
            if kind == "cut":
                with cutting(losing, draw.randrange(2_000, size)) as way:
                    status, said = ended(olist(way, *load))
            else:
                status, said = _end_session(losing, load, draw.random())
            if status:
                lost += 1
                assert said.splitlines()[-1].startswith("olist: the connection to Postg")
                assert "Traceback" not in said
                with until(lambda: not left_behind(losing)):
                    ((last,),) = ask(losing, LAST)
                if last != "landed":  # else it was lost after the commit
                    assert content(losing) == before
                assert ended(olist(losing, *load))[0] == 0
            before = content(losing)
        assert lost > TIMES / 4
        assert ask(losing, LEDGER) == [("crashed",)]
        for number in range(TIMES + 1):
            mode = SNAPSHOT if number else ()
            assert ended(olist(quiet, "land", tmp_path / str(number), *mode))[0] == 0
        assert content(quiet) == before


def _end_session(
    database: dict[str, str], load: tuple[str | Path, ...], part: float
) -> tuple[int, str]:
    """Start a load, and let the server end its session in that part of the time it takes."""
    ((seconds,),) = ask(database, SECONDS)
    process = olist(database, *load)
    ending = (
        "select count(pg_terminate_backend(pid)) from pg_stat_activity"
        " where datname = current_database() and application_name = 'olist'"
    )
    with until(lambda: ask(database, LAST) == [("started",)] or process.poll() is not None):
        time.sleep(part * float(seconds))
        ask(database, ending)
    return ended(process)
