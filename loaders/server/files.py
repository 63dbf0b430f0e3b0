"""Where the server's files are, whose they are, and one command at a time."""

import fcntl
import json
import os
import pwd
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from loaders.errors import LoaderError
from loaders.paths import state_root


def home() -> Path:
    """Folder of everything that belongs to the embedded server."""
    return state_root() / ".postgres"


def data() -> Path:
    """PostgreSQL's data folder; it has this name only when it is complete."""
    return home() / "data"


def refused(path: Path, error: OSError) -> LoaderError:
    """What to raise when a file of the server cannot be used."""
    owner = pwd.getpwuid(home().stat().st_uid).pw_name if home().is_dir() else "nobody"
    hint = f"; run as {owner}, whose it is" if isinstance(error, PermissionError) else ""
    return LoaderError(f"{path} cannot be used: {error.strerror}{hint}.")


@contextmanager
def locked() -> Iterator[int]:
    """Make the server's folder where it is missing, and wait to be the one command at work in it.

    Yields the lock's file descriptor: a process that inherits it holds the lock when we are killed.
    Raises LoaderError when the folder cannot be made or is another user's.
    """
    try:
        if not home().is_dir():
            home().mkdir(parents=True, exist_ok=True)
            # Others may pass (root's server runs as another account) but not list it. Apart from
            # mkdir, because a strict umask would take the passing away again.
            home().chmod(0o711)
        low = open_own("lock")
        handle = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, 10)  # shells have the first nine
        os.close(low)
    except OSError as error:
        raise refused(home(), error) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def open_own(name: str) -> int:
    """Open a file of the folder to append to, readable by the folder's owner only. OSError."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
    handle = os.open(home() / name, flags, 0o600)
    if os.geteuid() == 0:  # what root makes in an ordinary user's folder is that user's
        os.fchown(handle, home().stat().st_uid, home().stat().st_gid)
    return handle


def write(name: str, text: str, mode: int = 0o600) -> None:
    """Write a file of the folder in one step: no reader and no crash sees half. LoaderError."""
    new = f"{name}.{secrets.token_hex(4)}"
    try:
        with os.fdopen(open_own(new), "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        (home() / new).replace(home() / name)
    except OSError as error:
        raise refused(home() / name, error) from error


def read_json(name: str) -> dict[str, Any]:
    """Read a JSON object of the folder; empty when missing or damaged. Raises LoaderError."""
    try:
        values = json.loads((home() / name).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    except OSError as error:
        raise refused(home() / name, error) from error
    return values if isinstance(values, dict) else {}
