"""A command as a process of its own, and what it cost."""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from loaders.errors import LoaderError
from loaders.paths import project_root

_KEPT_LINES = 30


@dataclass(frozen=True)
class Cost:
    """Seconds of wall time and of processor, and the peak of memory in bytes.

    A process begins as a copy of ours, so a peak below ours is told as ours.
    """

    wall: float
    processor: float
    memory: int


def run(module: str, *arguments: str | Path) -> Cost:
    """Run ``python -m module`` of this checkout on the database in use, and wait for it.

    Raises LoaderError with the end of what it said when it fails.
    """
    words = [sys.executable, "-m", module, *map(str, arguments)]
    with tempfile.TemporaryFile(mode="w+", encoding="utf-8", errors="replace") as said:
        began = time.perf_counter()
        process = subprocess.Popen(
            words,
            cwd=project_root(),
            env={**os.environ, "PYTHONPATH": str(project_root())},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            lines = "\n".join(said.read().strip().splitlines()[-_KEPT_LINES:])
            raise LoaderError(f"'{' '.join((module, *words[3:]))}' failed: {lines}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * unit)
