"""A temporary folder that goes with its process, however that ends."""

import errno
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from loaders.errors import LoaderError

_PREFIX = "olist-scratch-"


@contextmanager
def scratch() -> Iterator[Path]:
    """Yield an empty folder (in TMPDIR); it is removed at the end, also after SIGTERM.

    What a process left that got no chance to (kill -9) is removed by the next one.
    """
    _remove_orphans()
    try:
        with (
            tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-") as folder,
            _exit_on_termination(),
        ):
            yield Path(folder)
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise LoaderError(
            f"the disk of {tempfile.gettempdir()} is full; make room, or name another folder for"
            " temporary files in TMPDIR."
        ) from error


def _remove_orphans() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        with suppress(OSError):
            if pid.isdigit() and folder.stat().st_uid == os.getuid() and not _alive(int(pid)):
                shutil.rmtree(folder, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


@contextmanager
def _exit_on_termination() -> Iterator[None]:
    """Let SIGTERM unwind the stack, where nobody else handles it."""
    usual = signal.SIG_DFL
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGTERM) != usual:
        yield
        return
    signal.signal(signal.SIGTERM, _exit)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, usual)


def _exit(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)
