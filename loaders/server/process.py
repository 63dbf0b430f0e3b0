"""The running postmaster: found by its pid file, told from a stale one, stopped."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from loaders.errors import LoaderError

POLL_SECONDS = 0.02
SETTLE_SECONDS = 300.0  # crash recovery replays at most max_wal_size; a slow disk takes minutes
ORPHAN_SECONDS = 10.0
PORT_LINE, STATUS_LINE = 3, 7  # lines of postmaster.pid, counted from 0


@dataclass(frozen=True)
class Postmaster:
    """A live server process; ``status`` is starting, ready or stopping."""

    pid: int
    port: int | None
    status: str


def find(data: Path) -> Postmaster | None:
    """The server that runs on the data folder, None when there is none. Starts no process (on
    Linux)."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").split("\n")
        pid = int(lines[0])
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    except OSError as error:
        raise LoaderError(f"{data / 'postmaster.pid'} cannot be read: {error.strerror}.") from error
    if not _serves(pid, data):
        return None
    port = lines[PORT_LINE] if len(lines) > PORT_LINE else ""
    status = lines[STATUS_LINE].strip() if len(lines) > STATUS_LINE else ""
    return Postmaster(pid, int(port) if port.isdigit() else None, status or "starting")


def settle(data: Path) -> Postmaster | None:
    """Wait for a server that is just starting or stopping; a ready one, or None."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while (server := find(data)) is not None and server.status != "ready":
        if time.monotonic() > deadline:
            raise LoaderError(
                f"The server (process {server.pid}) has been {server.status} for "
                f"{SETTLE_SECONDS:.0f} seconds: see {data.parent / 'server.log'}."
            )
        time.sleep(POLL_SECONDS)
    return server


def stop(server: Postmaster, data: Path) -> None:
    """Fast shutdown: open transactions are rolled back, everything is written. Waits for it.

    A signal needs no programs, so that a server can be stopped whose package has been removed.
    """
    try:
        os.kill(server.pid, signal.SIGINT)
    except ProcessLookupError:
        return
    except OSError as error:
        raise LoaderError(
            f"The server (process {server.pid}) cannot be stopped: {error.strerror}."
        ) from error
    deadline = time.monotonic() + SETTLE_SECONDS
    while _serves(server.pid, data):
        if time.monotonic() > deadline:
            raise LoaderError(
                f"The server (process {server.pid}) did not stop within {SETTLE_SECONDS:.0f} "
                f"seconds: see {data.parent / 'server.log'}."
            )
        time.sleep(POLL_SECONDS)


def clear_crash(data: Path) -> None:
    """Remove what a killed server left behind. Call it with the lock held and no server found.

    PostgreSQL takes any live process of the pid file's number for its server: after a reboot that
    may be a stranger, and in a container whose first process reaps nothing a zombie. We know
    better. Worker processes that outlived their postmaster would hold the shared memory.
    """
    (data / "postmaster.pid").unlink(missing_ok=True)
    deadline = time.monotonic() + ORPHAN_SECONDS
    while orphans := _orphans(data):
        for pid in orphans:
            try:
                # No postmaster is left to be told: a worker ends itself, or is ended.
                late = time.monotonic() > deadline
                os.kill(pid, signal.SIGKILL if late else signal.SIGQUIT)
            except (ProcessLookupError, PermissionError):
                continue
        if time.monotonic() > deadline + ORPHAN_SECONDS:
            raise LoaderError(
                f"A killed server left process {orphans[0]} at work in {data}: end it and start "
                "again."
            )
        time.sleep(POLL_SECONDS)


def _orphans(data: Path) -> list[int]:
    pids = [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]
    return [pid for pid in pids if _works_in(pid, data) and _name(pid).startswith("postgres")]


def _serves(pid: int, data: Path) -> bool:
    """Whether a live process (no zombie, no stranger with a recycled number) is data's server."""
    if pid <= 0:
        return False
    if not sys.platform.startswith("linux"):
        done = subprocess.run(
            ["/bin/ps", "-o", "stat=,comm=", "-p", str(pid)],
            capture_output=True,
            text=True,
            check=False,
        )
        state, _, command = done.stdout.strip().partition(" ")
        return not state.startswith("Z") and Path(command.strip()).name == "postgres"
    if not _name(pid).startswith("postgres"):
        return False
    works = _works_in(pid, data)
    if works is not None:
        return works
    # Root without CAP_SYS_PTRACE (a container) may not look at another account's folder.
    try:
        return Path(f"/proc/{pid}").stat().st_uid == data.stat().st_uid
    except OSError:
        return False


def _works_in(pid: int, data: Path) -> bool | None:
    """Whether a process's working folder is the data folder; None when it may not be asked.

    Compared by device and inode: it also holds for a server that sees the folder under another
    path (see privileges). A zombie has no working folder.
    """
    try:
        return os.path.samestat(os.stat(f"/proc/{pid}/cwd"), data.stat())  # noqa: PTH116
    except PermissionError:
        return None
    except OSError:
        return False


def _name(pid: int) -> str:
    """Program name of a live process, empty for a zombie or none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    name, _, rest = text.partition("(")[2].rpartition(")")
    return "" if rest.split()[:1] == ["Z"] else name
