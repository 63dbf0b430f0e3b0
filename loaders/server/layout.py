"""Where the server's files are, who may touch them, and one command at a time."""

import fcntl
import os
import pwd
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loaders.errors import LoaderError
from loaders.paths import state_root


def home_dir() -> Path:
    """Folder of everything that belongs to the embedded server."""
    return state_root() / ".postgres"


def data_dir() -> Path:
    """PostgreSQL's data folder; it appears under this name only when it is complete."""
    return home_dir() / "data"


def making_dir() -> Path:
    """Data folder while ``initdb`` works on it; a leftover is an interrupted one."""
    return home_dir() / "data.new"


def log_file() -> Path:
    """What the server writes to standard error."""
    return home_dir() / "server.log"


def user_name(uid: int) -> str:
    """Name of a user id, or the number itself where the account has no name (containers)."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def check_owner() -> None:
    """Raise LoaderError when another user made the server's folder; root may use anybody's."""
    me = os.geteuid()
    for folder in (home_dir(), data_dir()):
        try:
            owner = folder.stat().st_uid
        except FileNotFoundError:
            return
        except PermissionError as error:
            raise LoaderError(
                f"{home_dir()} may not be entered by {user_name(me)}: {error.strerror}."
            ) from error
        if me not in (0, owner):
            raise LoaderError(
                f"The embedded server's folder {folder} belongs to {user_name(owner)} and you are "
                f"{user_name(me)}: run as {user_name(home_dir().stat().st_uid)}, or have "
                f"{home_dir()} removed and load again."
            )


def make_home() -> None:
    """Make the server's folder where it is missing. Raises LoaderError."""
    home = home_dir()
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        try:
            home.mkdir()
        except FileExistsError:
            pass
        else:
            # Others may pass (root's server runs as another account) and not look around. Set
            # after mkdir because a strict umask would take the passing away again.
            home.chmod(0o711)
    except OSError as error:
        raise LoaderError(
            f"The folder {home} for the embedded server cannot be made: {error.strerror}."
        ) from error
    check_owner()


@contextmanager
def locked() -> Iterator[int]:
    """Hold the lock that lets one command at a time start or stop the server; waits for it.

    Yields its file descriptor: a process that inherits it holds the lock on when we are killed.
    """
    path = home_dir() / "lock"
    try:
        # Not inherited by the server (Python opens with O_CLOEXEC), so that it ends with us.
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise LoaderError(f"The lock file {path} cannot be opened: {error.strerror}.") from error
    try:
        give_to_owner(handle)
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def give_to_owner(handle: int) -> None:
    """Let a file that root made in an ordinary user's folder belong to that user."""
    if os.geteuid() == 0:
        owner = home_dir().stat()
        os.fchown(handle, owner.st_uid, owner.st_gid)


def open_log(limit: int) -> int:
    """Open the server's log to append to; one of more than ``limit`` bytes is put aside first.

    We open it, not the server: it stays ours where the server runs as another account.
    """
    path = log_file()
    try:
        if path.exists() and path.stat().st_size > limit:
            path.replace(path.with_name(f"{path.name}.old"))
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        give_to_owner(handle)
    except OSError as error:
        raise LoaderError(f"The log {path} cannot be opened: {error.strerror}.") from error
    return handle


def write_whole(path: Path, text: str, owner: os.stat_result) -> None:
    """Write a file of mode 0600 in one step, so that no reader and no crash sees half of it.

    ``owner`` is whose file it becomes when root writes. A new file replaces the old name: root
    never follows a link that somebody else may have put into the data folder.
    """
    new = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                if os.geteuid() == 0:
                    os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
                os.fsync(file.fileno())
            new.replace(path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise LoaderError(f"{path} cannot be written: {error.strerror}.") from error
