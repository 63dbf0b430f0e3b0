"""Threads of ``dbt build``: the one experiment that is not a statement."""

import os
import statistics
import subprocess
import sys

from benchmarks.measure import in_turns, seconds
from loaders.paths import project_root

NAME = "threads"
_THREADS = (1, 2, 4, 8)


def table(repeats: int) -> str:
    """Build the warehouse with so many threads, in turns; the medians as Markdown."""

    def build(threads: int) -> None:
        subprocess.run(
            [
                sys.executable,
                "-m",
                "loaders.dbt",
                "--quiet",
                "build",
                "--threads",
                f"{threads}",
            ],
            cwd=project_root(),
            env=dict(os.environ),
            check=True,
        )

    taken = in_turns(repeats, *(lambda n=n: seconds(lambda: build(n)) for n in _THREADS))
    lines = [f"## {NAME}: wall time of dbt build", "", "| threads | wall s |", "|---|---|"]
    for threads, times in zip(_THREADS, taken, strict=True):
        lines.append(f"| {threads} | {statistics.median(times):.1f} |")
    return "\n".join(lines) + "\n"
