"""A command as a process of its own, and what it cost."""

import os
import resource
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
    """Seconds of wall time and of processor, and the peak of memory in bytes."""

    wall: float
    processor: float
    memory: int


def run(module: str, *arguments: str | Path) -> Cost:
    """Run ``python -m module`` of this checkout on the database in use, and wait for it.

    Raises LoaderError with the end of what it said when it fails.
    """
    with tempfile.TemporaryDirectory(prefix="olist-bench-") as folder:
        peak = Path(folder) / "peak"
        command = ["benchmarks.peak", str(peak), module, *map(str, arguments)]
        used, began = _processor(), time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=project_root(),
            env={**os.environ, "PYTHONPATH": str(project_root())},
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        wall = time.perf_counter() - began
        if done.returncode != 0:
            said = "\n".join(done.stdout.strip().splitlines()[-_KEPT_LINES:])
            raise LoaderError(f"'{' '.join(command[2:])}' failed: {said}")
        return Cost(wall, _processor() - used, int(peak.read_text("ascii")))


def _processor() -> float:
    """Seconds of processor of all processes that this one has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
