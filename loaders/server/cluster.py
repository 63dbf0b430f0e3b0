"""The data folder and the server on it: made, started, found, stopped."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from loaders.connection import EMBEDDED
from loaders.errors import LoaderError
from loaders.paths import server_folder
from loaders.server import files
from loaders.server.programs import Programs

HOST = EMBEDDED["PGHOST"]
NAME = EMBEDDED["PGUSER"]  # of the role and of the database
SCRAM_ITERATIONS_SINCE, BUILTIN_LOCALE_SINCE, CHECKSUMS_SINCE = 16, 17, 18
START_SECONDS = 300  # crash recovery included
CONFIGURATION = "olist.conf"


class PortTakenError(Exception):
    """Another program has the port."""


def create(programs: Programs) -> None:
    """Make a new data folder with the role ``olist``; none has its name before it is complete.

    Raises LoaderError with the reason that initdb gave.
    """
    making = server_folder() / f"data.new.{os.getpid()}"  # an initdb may outlive its caller
    options = ["-U", NAME, "-E", "UTF8", "-A", "reject"]
    if programs.major >= CHECKSUMS_SINCE:
        # With checksums the first reader of a new table writes all of it to the log again.
        options.append("--no-data-checksums")
    if programs.major >= BUILTIN_LOCALE_SINCE:
        options += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    else:
        options.append("--locale=C.UTF-8")
    for folder in (files.data(), *server_folder().glob("data.new.*")):
        shutil.rmtree(folder, ignore_errors=True)
    with files.used(making):
        making.mkdir(mode=0o700)
    give(making, programs)
    done = programs.run("initdb", "-D", making, *options)
    if done.returncode != 0:
        raise LoaderError(f"{files.data()} could not be created: {_reason(done.stderr)}.")
    making.rename(files.data())


def give(folder: Path, programs: Programs) -> None:
    """Give a folder that belongs to root (also of a copied project) to the server's account."""
    if programs.account and folder.stat().st_uid == 0:
        user, group = programs.account
        subprocess.run(["/bin/chown", "-hR", f"{user}:{group}", folder], check=True)


def set_password(programs: Programs, password: str) -> None:
    """Set the role's password while no server runs. Raises LoaderError.

    Single-user mode needs no password, no port and no file that holds the new one.
    """
    sql = f"alter role {NAME} with superuser login password '{password}';\n"
    done = programs.run("postgres", "--single", *_fast_login(programs), "postgres", stdin=sql)
    if done.returncode != 0 or "ERROR:" in done.stderr:
        raise LoaderError(
            f"The server's password could not be set in {files.data()}: {_reason(done.stderr)}."
        )


def _fast_login(programs: Programs) -> tuple[str, ...]:
    """Options with which a password costs one hash instead of 4,096, in the client and the server.

    Ours are random and long, so nobody tries them out; dbt connects once per node.
    """
    return ("-c", "scram_iterations=1") if programs.major >= SCRAM_ITERATIONS_SINCE else ()


def start(programs: Programs, port: int) -> None:
    """Write the configuration and start the server; returns when it accepts connections.

    Raises LoaderError with the log's reason, PortTakenError when another program has the port.
    """
    hba, log = (server_folder() / name for name in ("pg_hba.conf", "server.log"))
    # Readable by the server's account; there is nothing secret in them.
    files.write(hba.name, f"host all all {HOST}/32 scram-sha-256\n", 0o644)
    settings = (
        Path(__file__)
        .with_name(CONFIGURATION)
        .read_text("utf-8")
        .format(
            host=HOST,
            port=port,
            name=NAME,
            hba_file=str(hba).replace("'", "''"),
            parallel=min((os.cpu_count() or 1) // 2, 4),
        )
    )
    files.write(CONFIGURATION, settings, 0o644)
    if log.exists():
        log.replace(log.with_suffix(".log.old"))
    # We open it, not the server: it stays ours where the server runs as another account.
    with files.open_own(log.name) as output:
        command = ("pg_ctl", "start", "-w", "-s", "-t", str(START_SECONDS))
        file = shlex.quote(str(server_folder() / CONFIGURATION))
        options = " ".join(("-c", f"config_file={file}", *_fast_login(programs)))
        done = programs.run(*command, "-o", options, log=output.fileno())
        output.seek(0)
        said = output.read()
    if "could not bind" in said:
        raise PortTakenError
    if done.returncode != 0:
        raise LoaderError(f"The server did not start: {_reason(said)} (see {log}).")


def find() -> tuple[int, bool] | None:
    """Process id of the server and whether it accepts connections; None when there is none.

    Raises LoaderError for another user's server.
    """
    pid_file = files.data() / "postmaster.pid"
    with files.used(pid_file):
        try:
            lines = pid_file.read_text("utf-8", "replace").splitlines()
            pid = int(lines[0])
        except (FileNotFoundError, NotADirectoryError, ValueError, IndexError):
            return None
    return (pid, lines[-1].startswith("ready")) if _serves(pid) else None


def find_ready() -> int | None:
    """Wait for a server that is just starting or stopping; process id of a ready one, or None."""
    _wait(lambda: (find() or (0, True))[1])
    found = find()
    return found[0] if found else None


def stop(pid: int) -> None:
    """Fast shutdown: open transactions are rolled back, everything is written. Waits for it.

    It is the signal that pg_ctl sends, and needs no programs: their package may be removed.
    """
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGINT)
    _wait(lambda: not _serves(pid))


def clear_crash() -> None:
    """Remove what a killed server left. Call it with the lock held and no server found.

    Its pid file, and processes that outlived it: they would hold the shared memory.
    """
    (files.data() / "postmaster.pid").unlink(missing_ok=True)
    while left := [process for process in Path("/proc").glob("[0-9]*") if _is_left(process)]:
        for process in left:
            with suppress(ProcessLookupError):
                os.kill(int(process.name), signal.SIGKILL)
        time.sleep(0.02)


def _is_left(process: Path) -> bool:
    try:
        is_postgres = (process / "comm").read_bytes().startswith(b"postgres")
        return is_postgres and (process / "cwd").samefile(files.data())
    except OSError:  # it has ended, or is another account's
        return False


def _serves(pid: int) -> bool:
    """Whether a live process, no zombie and no stranger with a used number, is this server.

    PostgreSQL takes any live process of that number for its server: after a reboot that may be a
    stranger, and in a container whose first process reaps nothing a zombie.
    """
    try:
        if sys.platform != "linux":
            os.kill(pid, 0)
            return True
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return f"config_file={server_folder() / CONFIGURATION}".encode() in words


def _wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not until():
        if time.monotonic() > deadline:
            log = server_folder() / "server.log"
            raise LoaderError(f"The server took more than {START_SECONDS} seconds: see {log}.")
        time.sleep(0.02)


def _reason(text: str) -> str:
    """What a log says was wrong: its last complaints."""
    found = re.findall(r"(?:LOG|FATAL|PANIC|ERROR|DETAIL|error): +(.*)", text)
    return "; ".join(found[-3:]).rstrip(".") or "no reason given"
