"""The data folder and the server on it: made, started, found, stopped."""

import os
import re
import shlex
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from loaders.errors import LoaderError
from loaders.server import files, machine
from loaders.server.binaries import Installation
from loaders.server.runner import Runner

HOST = "127.0.0.1"
NAME = "olist"  # of the role and of the database
BUILTIN_LOCALE_SINCE, CHECKSUMS_SINCE = 17, 18
START_SECONDS = 300  # crash recovery included
LEFTOVER_SECONDS = 10
LOG_BYTES = 5_000_000  # a longer log is put aside at the next start
PORT_LINE, STATUS_LINE = 3, 7  # lines of postmaster.pid, counted from 0
REASON = re.compile(
    r"(?:(?:FATAL|PANIC|ERROR|error):\s+(?!the database system is)"
    r"|LOG:\s+(?=invalid value|unrecognized configuration))(.*)"
)


class PortTakenError(Exception):
    """Another program has the port."""


def create(runner: Runner, installation: Installation, lock: int) -> None:
    """Make a new data folder with the role ``olist``; none has its name before it is complete.

    initdb inherits ``lock``: when we are killed, the next command waits until it has ended. Raises
    LoaderError with the reason that initdb gave.
    """
    making = files.home() / "data.new"
    command: list[str | Path] = [
        installation.bin / "initdb",
        "-D",
        making,
        "-U",
        NAME,
        "-E",
        "UTF8",
    ]
    command += ["-A", "reject"]
    if installation.major >= CHECKSUMS_SINCE:
        # With checksums the first reader of a new table writes all of it to the log again.
        command.append("--no-data-checksums")
    locales = [["--locale=C.UTF-8"], ["--locale=C"]]  # the second where the first is not known
    if installation.major >= BUILTIN_LOCALE_SINCE:
        locales = [["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]]
    for locale in locales:
        for folder in (making, files.data()):
            shutil.rmtree(folder, ignore_errors=True)
        try:
            making.mkdir(mode=0o700)
            give(making, runner)
        except OSError as error:
            raise files.refused(making, error) from error
        done = runner.run(*command, *locale, keep=lock)
        if done.returncode == 0:
            making.rename(files.data())
            return
    shutil.rmtree(making, ignore_errors=True)
    raise LoaderError(f"{files.data()} could not be made: {_reason(done.stderr)}.")


def give(folder: Path, runner: Runner) -> None:
    """Give a folder that belongs to root (also of a copied project) to the server's account."""
    if runner.account and folder.stat().st_uid == 0:
        for above, folders, names in os.walk(folder):
            for name in (".", *folders, *names):
                os.chown(Path(above, name), *runner.account, follow_symlinks=False)


def set_password(runner: Runner, installation: Installation, password: str, lock: int) -> None:
    """Set the role's password while no server runs. Raises LoaderError.

    Single-user mode needs no password, no port and no file that holds the new one.
    """
    sql = f"alter role {NAME} with superuser login password '{password}';\n"
    done = runner.run(installation.bin / "postgres", "--single", "postgres", stdin=sql, keep=lock)
    if done.returncode != 0 or REASON.search(done.stderr):
        raise LoaderError(
            f"The server's password could not be set in {files.data()}: {_reason(done.stderr)}."
        )


def start(runner: Runner, installation: Installation, port: int) -> None:
    """Write the configuration and start the server; returns when it accepts connections.

    Raises LoaderError with the log's reason, PortTakenError when another program has the port.
    """
    _clear_crash()
    hba, conf, log = (files.home() / name for name in ("pg_hba.conf", "olist.conf", "server.log"))
    # Readable by the server's account; there is nothing secret in them.
    files.write(hba.name, f"host all all {HOST}/32 scram-sha-256\n", 0o644)
    files.write(conf.name, _configuration(port, hba), 0o644)
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".log.old"))
    # We open it, not the server: it stays ours where the server runs as another account.
    handle = files.open_own(log.name)
    try:
        begin = os.fstat(handle).st_size
        command = (installation.bin / "pg_ctl", "start", "-w", "-s", "-t", str(START_SECONDS))
        options = f"-c config_file={shlex.quote(str(conf))}"
        done = runner.run(*command, "-o", options, log=handle)
        text = os.pread(handle, LOG_BYTES, begin).decode("utf-8", "replace")
    finally:
        os.close(handle)
    if "could not bind" in text:
        raise PortTakenError
    if done.returncode != 0:
        raise LoaderError(f"The server did not start: {_reason(text)} (see {log}).")


def find() -> tuple[int, str] | None:
    """Process id and status (starting, ready, stopping) of the server; None when there is none.

    Raises LoaderError for another user's server.
    """
    pid_file = files.data() / "postmaster.pid"
    try:
        lines = [*pid_file.read_text("utf-8", "replace").split("\n"), *[""] * STATUS_LINE]
        pid = int(lines[0])
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    except OSError as error:
        raise files.refused(pid_file, error) from error
    return (pid, lines[STATUS_LINE].strip() or "starting") if _serves(pid) else None


def settle() -> int | None:
    """Wait for a server that is just starting or stopping; process id of a ready one, or None."""
    _wait(lambda: (find() or (0, "ready"))[1] == "ready")
    found = find()
    return found[0] if found else None


def stop(pid: int) -> None:
    """Fast shutdown: open transactions are rolled back, everything is written. Waits for it.

    It is the signal that pg_ctl sends, and needs no programs: their package may be removed.
    """
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGINT)
    _wait(lambda: not _serves(pid))


def _wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not until():
        if time.monotonic() > deadline:
            log = files.home() / "server.log"
            raise LoaderError(f"The server took more than {START_SECONDS} seconds: see {log}.")
        time.sleep(0.02)


def _serves(pid: int, *, by_account: bool = True) -> bool:
    """Whether a live process, no zombie and no stranger with a used number, is of this server.

    PostgreSQL takes any live process of that number for its server: after a reboot that may be a
    stranger, and in a container whose first process reaps nothing a zombie.
    """
    process = Path(f"/proc/{pid}")
    try:
        if not Path("/proc/self").exists():  # macOS
            os.kill(pid, 0)
            return True
        if not (process / "comm").read_text("utf-8", "replace").startswith("postgres"):
            return False
        return (process / "cwd").samefile(files.data())  # a zombie has none
    except PermissionError:  # root in a container may not look at another account's processes
        return by_account and process.stat().st_uid == files.data().stat().st_uid
    except OSError:
        return False


def _clear_crash() -> None:
    """Remove what a killed server left. Call it with the lock held and no server found.

    Its pid file, and processes that outlived it: they would hold the shared memory.
    """
    (files.data() / "postmaster.pid").unlink(missing_ok=True)
    deadline = time.monotonic() + LEFTOVER_SECONDS
    pids = [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]
    while pids := [pid for pid in pids if _serves(pid, by_account=False)]:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT if time.monotonic() < deadline else signal.SIGKILL)
        time.sleep(0.02)


def _configuration(port: int, hba: Path) -> str:
    settings = {
        "listen_addresses": HOST,
        "port": str(port),
        "hba_file": str(hba).replace("'", "''"),
        # TCP is the contract; a socket path under a deep project folder would be too long.
        "unix_socket_directories": "",
        "cluster_name": NAME,
        # The same answers on every machine, wherever it stands.
        "timezone": "UTC",
        "log_timezone": "UTC",
        "datestyle": "ISO, MDY",
        **machine.settings(machine.measure()),
    }
    head = "# Written at every start; ALTER SYSTEM overrides it. Why: loaders/server/machine.py\n"
    return head + "".join(f"{name} = '{value}'\n" for name, value in settings.items())


def _reason(text: str) -> str:
    """What a log says was wrong: its first complaint, as those after it are consequences."""
    found = REASON.search(text)
    lines = text.strip().splitlines() or ["no reason given"]
    return (found[1] if found else lines[-1]).strip().rstrip(".")
