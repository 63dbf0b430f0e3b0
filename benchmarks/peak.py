"""Run a module and note the most memory that it had: ``python -m benchmarks.peak FILE MODULE …``.

It is read in the process itself: what the system tells the parent of a child's peak begins with the
parent's own size.
"""

import resource
import runpy
import sys
from pathlib import Path


def peak() -> int:
    """Bytes that this process had in memory at most."""
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text("ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size if sys.platform == "darwin" else size * 1024


if __name__ == "__main__":
    _, file, module, *arguments = sys.argv
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        Path(file).write_text(str(peak()), "ascii")
