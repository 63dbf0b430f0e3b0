"""Run a module and note the most memory that it had: ``python -m benchmarks.peak FILE MODULE …``.

It is read in the process itself: what the system tells the parent of a child's peak begins with the
parent's own size.
"""

import resource
import runpy
import sys
from contextlib import suppress
from pathlib import Path


def size_in(file: Path, name: str) -> int:
    """Bytes of an entry of a file that Linux has on a process; 0 where there is none."""
    with suppress(OSError):
        for line in file.read_text("ascii").splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
    return 0


def peak() -> int:
    """Bytes that this process had in memory at most."""
    if found := size_in(Path("/proc/self/status"), "VmHWM:"):
        return found
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size if sys.platform == "darwin" else size * 1024


if __name__ == "__main__":
    _, file, module, *arguments = sys.argv
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        Path(file).write_text(str(peak()), "ascii")
