"""Peak memory of the server's processes, as the system tells it while something runs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from loaders.connection import connect

_PROC = Path("/proc")
_SECONDS = 0.5


class Peak:
    """``total`` is the highest sum seen, in bytes; None where it cannot be read."""

    total: int | None = None


@contextmanager
def watched() -> Iterator[Peak]:
    """Look twice a second at the server of the database in use while the block runs.

    Each page counts once, shared buffers too (proportional set size). A server elsewhere, another
    system than Linux, or another user's processes give None.
    """
    peak, over = Peak(), threading.Event()
    postmaster = _postmaster()
    if postmaster is None:
        yield peak
        return

    def watch() -> None:
        while not over.wait(_SECONDS):
            now = sum(_memory(process) for process in _with_children(postmaster))
            if now:
                peak.total = max(now, peak.total or 0)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def _postmaster() -> int | None:
    """Process id of the server, where it runs on this machine: the parent of our own backend."""
    with connect() as link, suppress(OSError, ValueError, IndexError):
        backend = _PROC / str(link.get_backend_pid())
        if (backend / "comm").read_text().strip() == "postgres":
            return _parent(backend)
    return None


def _parent(process: Path) -> int:
    # The name in parentheses may have spaces; state and parent follow it.
    return int((process / "stat").read_text().rsplit(")", 1)[1].split()[1])


def _with_children(parent: int) -> Iterator[int]:
    yield parent
    for process in _PROC.glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            if _parent(process) == parent:
                yield int(process.name)


def _memory(process: int) -> int:
    with suppress(OSError):
        for line in (_PROC / str(process) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
