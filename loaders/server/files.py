"""The server's folder: whose it is, its small files, and one command at a time in it."""

import fcntl
import json
import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from loaders.errors import LoaderError
from loaders.paths import server_folder


def data() -> Path:
    """PostgreSQL's data folder; it has this name only when it is complete."""
    return server_folder() / "data"


@contextmanager
def used(path: Path) -> Iterator[None]:
    """Raise LoaderError where a file of the server cannot be used."""
    try:
        yield
    except OSError as error:
        folder = server_folder()
        owner = pwd.getpwuid(folder.stat().st_uid).pw_name if folder.is_dir() else "nobody"
        hint = f"; run as {owner}, whose it is" if isinstance(error, PermissionError) else ""
        raise LoaderError(f"{path} cannot be used: {error.strerror}{hint}.") from error


@contextmanager
def locked() -> Iterator[None]:
    """Make the server's folder where it is missing, and wait to be the one command at work in it.

    Raises LoaderError when the folder cannot be made or is another user's.
    """
    with used(server_folder()):
        if not server_folder().is_dir():
            server_folder().mkdir(parents=True, exist_ok=True)
            # Others may pass (root's server runs as another account) but not list it. Apart from
            # mkdir, because a strict umask would take the passing away again.
            server_folder().chmod(0o711)
        lock = open_own("lock")
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def open_own(name: str, mode: int = 0o600) -> IO[str]:
    """Open a file of the folder to append to; nobody else may read it. Raises OSError."""
    handle = os.open(
        server_folder() / name, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, mode
    )
    os.fchmod(handle, mode)
    if os.geteuid() == 0:  # what root makes in an ordinary user's folder is that user's
        os.fchown(handle, server_folder().stat().st_uid, server_folder().stat().st_gid)
    return os.fdopen(handle, "a+", encoding="utf-8", errors="replace")


def write(name: str, text: str, mode: int = 0o600) -> None:
    """Write a file in one step, with the lock held: no reader and no crash sees half. LoaderError.

    ``mode`` has the rights to it.
    """
    new = server_folder() / f"{name}.new"
    with used(new):
        new.unlink(missing_ok=True)
        with open_own(new.name, mode) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(server_folder() / name)


def read_json(name: str) -> dict[str, Any]:
    """Read a JSON object of the folder; empty when missing or damaged. Raises LoaderError."""
    with used(server_folder() / name):
        try:
            values = json.loads((server_folder() / name).read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return {}
    return values if isinstance(values, dict) else {}
