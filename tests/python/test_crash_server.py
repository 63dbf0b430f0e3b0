"""Servers that are killed, and full disks: after `olist up`, nothing is lost or doubled."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from concurrency import ask, ended, olist
from conftest import temporary_database
from crash import CRASHES, SEED, History, content

TIMES = max(3, CRASHES // 20)
SCALE = 0.01
BUSY = "select count(*) from pg_stat_activity where application_name = 'olist'"
LAST = "select status from raw._batches order by batch_id desc limit 1"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for a server of its own, which is stopped afterwards."""
    for name in ("PGHOST", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "home"
    folder.mkdir()
    yield folder
    ended(olist({"OLIST_HOME": str(folder)}, "down"))


def up(home: Path) -> dict[str, str]:
    """Start the server by the real command; return the variables to reach it by."""
    status, said = ended(olist({"OLIST_HOME": str(home)}, "up"))
    assert status == 0, said
    status, said = ended(olist({"OLIST_HOME": str(home)}, "env"))
    lines = [line.removeprefix("export ").split("=", 1) for line in said.splitlines()]
    return {"OLIST_HOME": str(home), **{name: value.strip("'") for name, value in lines}}


def kill_server(home: Path) -> None:
    """Kill the postmaster and every process of its: what a power cut does."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").samefile(home / ".postgres" / "data"):
                os.kill(int(process.name), signal.SIGKILL)


def test_a_killed_server_leaves_all_or_nothing(
    home: Path, postgres: dict[str, str], tmp_path: Path
) -> None:
    draw, server = random.Random(SEED), up(home)
    hits: dict[str, int] = {}
    with temporary_database(postgres) as quiet:
        history = History(quiet, tmp_path / "exports", SCALE)
        for _ in range(TIMES):
            process = olist(server, "land", *history.load)
            waited = time.monotonic() + 10
            while process.poll() is None and time.monotonic() < waited:
                if ask(server, BUSY) != [(0,)]:
                    break
            time.sleep(draw.uniform(0, history.seconds / 3))
            kill_server(home)
            status, said = ended(process)
            assert "Traceback" not in said
            if status:
                assert "olist: the connection to PostgreSQL was lost (" in said.splitlines()[-1]
            server = up(home)
            ((done,),) = ask(server, "select to_regclass('raw._batches') is not null")
            ((where,),) = ask(server, LAST) if done else [("none",)]
            hits[where] = hits.get(where, 0) + 1
            if where == "started" and history.before:
                assert content(server) == history.before
            assert ended(olist(server, "land", *history.load))[0] == 0
            assert content(server) == history.after
            history.advance()
    print(hits)
    assert hits.get("started", 0) >= TIMES / 4


def test_a_killed_start_is_begun_anew(home: Path) -> None:
    print(f"OLIST_CRASH_SEED={SEED}")
    draw = random.Random(SEED)
    for _ in range(TIMES):
        shutil.rmtree(home)
        home.mkdir()
        process = olist({"OLIST_HOME": str(home)}, "up")
        time.sleep(draw.uniform(0.2, 2.5))
        process.kill()
        process.communicate()
        server = up(home)
        assert ask(server, "select 1") == [(1,)]
        assert ended(olist({"OLIST_HOME": str(home)}, "down"))[0] == 0


@pytest.fixture
def small_disk(home: Path) -> Iterator[Path]:
    """The server's home on a file system of its own, of 200 MB."""
    as_root = ["sudo", "-n"] if os.geteuid() and "CI" in os.environ else []
    options = f"size=200m,mode=755,uid={os.getuid()},gid={os.getgid()}"
    mount = [*as_root, "mount", "-t", "tmpfs", "-o", options, "olist", str(home)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small file system, where it may at all")
    yield home
    ended(olist({"OLIST_HOME": str(home)}, "down"))
    subprocess.run([*as_root, "umount", "--lazy", str(home)], check=True)


def test_a_full_disk_stops_a_load_and_keeps_what_was_there(
    small_disk: Path, postgres: dict[str, str], tmp_path: Path
) -> None:
    server, ballast = up(small_disk), small_disk / "ballast"
    with temporary_database(postgres) as quiet:
        history = History(quiet, tmp_path / "exports", 0.02)
        for kept in (False, True):  # before the first load, and with one in raw
            if kept:
                history.advance()
            free = os.statvfs(small_disk)
            with ballast.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - 500_000)
            status, said = ended(olist(server, "land", *history.load))
            assert (status, "Traceback" in said) == (1, False)
            assert said.splitlines()[-1].startswith("olist: ")
            assert "No space left on device" in said or "connection to PostgreSQL was lost" in said
            ballast.unlink()
            server = up(small_disk)
            assert ask(server, "select to_regclass('raw.orders') is not null") == [(kept,)]
            if kept:
                assert content(server) == history.before
            assert ended(olist(server, "land", *history.load))[0] == 0
            assert content(server) == history.after
    stopped = "select 1 from raw._batches where status in ('failed', 'crashed')"
    assert len(ask(server, stopped)) == 2
