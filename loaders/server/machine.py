"""What the server may use of this machine: memory and processors, container limits included."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
FALLBACK_BYTES = 2 * 1024**3  # where the system does not say: a small laptop


@dataclass(frozen=True)
class Machine:
    """``memory`` in bytes, ``processors`` as a whole number, at least 1."""

    memory: int
    processors: int


def measure() -> Machine:
    """This machine, or the part of it that the control group (container) leaves us."""
    limits = [_physical(), *_memory_limits(CGROUPS, Path("/proc/self/cgroup"))]
    return Machine(min(limits), _processors())


def _physical() -> int:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        return FALLBACK_BYTES
    return total if total > 0 else FALLBACK_BYTES


def _processors() -> int:
    # Affinity is what `docker --cpuset-cpus`, taskset and batch systems set; macOS has none.
    count = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    quota = _number(CGROUPS / "cpu.max")
    return max(1, min(count, quota // 100_000)) if quota else count


def _memory_limits(root: Path, membership: Path) -> list[int]:
    """Limits (bytes) of our control group and of every group above it, version 1 and 2.

    Inside a container the group's own path often is not visible and the root stands for it: the
    way up ends there, and missing files say nothing.
    """
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    limits = []
    for line in lines:
        number, controllers, path = [*line.split(":", 2), "", ""][:3]
        if number == "0" and not controllers:
            top, name = root, "memory.max"
        elif "memory" in controllers.split(","):
            top, name = root / "memory", "memory.limit_in_bytes"
        else:
            continue
        group = top / path.lstrip("/")
        limits += [_number(folder / name) for folder in (group, *group.parents)]
    return [limit for limit in limits if limit]


def _number(file: Path) -> int:
    """First word of a file as a number; 0 when there is no file or no limit (``max``)."""
    try:
        word = file.read_text(encoding="utf-8").split()[0]
    except (OSError, IndexError):
        return 0
    return int(word) if word.isdigit() else 0
