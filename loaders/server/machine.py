"""What the server may use of this machine, and the settings that follow from it.

Left as PostgreSQL has them: ``fsync``, ``full_page_writes`` and ``synchronous_commit``, because a
warehouse must not forget a load that its ledger calls landed; and what made no difference that
repeated (``max_wal_size``, ``checkpoint_timeout``, ``random_page_cost``, ``io_method``).
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
MOST_WORK_MIB = 32
HASH_MULTIPLIER = 3


@dataclass(frozen=True)
class Machine:
    """``memory`` in bytes, ``processors`` as a whole number, at least 1."""

    memory: int
    processors: int


def measure() -> Machine:
    """Measure this machine, or the part of it that a control group (container) leaves us."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    # Affinity is what `docker --cpuset-cpus`, taskset and batch systems set; macOS has none.
    count = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    quota = _number(CGROUPS / "cpu.max")
    processors = min(count, quota // 100_000) if quota else count
    return Machine(min([memory, *_limits(Path("/proc/self/cgroup"))]), max(1, processors))


def _limits(membership: Path) -> list[int]:
    """Memory limits (bytes) of our control group and of every group above it.

    In a container the group's own path is often not visible, and the root stands for it.
    """
    line = membership.read_text(encoding="utf-8").split("\n")[0] if membership.is_file() else ""
    group = CGROUPS / line.removeprefix("0::").lstrip("/")
    files = [folder / "memory.max" for folder in (group, *group.parents)]
    found = map(_number, [*files, CGROUPS / "memory" / "memory.limit_in_bytes"])
    return [limit for limit in found if limit]


def _number(file: Path) -> int:
    """First word of a file as a number; 0 when there is no file or no limit (``max``)."""
    try:
        word = file.read_text(encoding="utf-8").split()[0]
    except (OSError, IndexError):
        return 0
    return int(word) if word.isdigit() else 0


def settings(machine: Machine) -> dict[str, str]:
    """Names and values for the server's configuration file; all of them exist since 15."""
    memory = machine.memory // 1024**2
    shared = max(16, min(memory // 8, 512))
    return {
        # An eighth: the system's cache holds the tables anyway (128 MB, 512 MB and 3 GB took the
        # same time), so this is about leaving a small container its memory.
        "shared_buffers": f"{shared}MB",
        # Two sessions at once, as dbt works, take 0.7 to 0.8 of the time that 4 MB take.
        "work_mem": f"{max(4, min(memory // 64, MOST_WORK_MIB))}MB",
        # The lines of a hundred thousand orders, summed by order, take 66 MB.
        "hash_mem_multiplier": str(HASH_MULTIPLIER),
        # Index builds; taken once, not per sort.
        "maintenance_work_mem": f"{max(16, min(memory // 32, 256))}MB",
        # Tells the planner what the system caches; reserves nothing.
        "effective_cache_size": f"{max(shared, memory // 2)}MB",
        # Nobody replicates this server; a table that a transaction makes and fills skips the log.
        "wal_level": "minimal",
        "max_wal_senders": "0",
        # Made no difference where it exists (Debian's 15); the package is built without it.
        "jit": "off",
        # dbt's threads use the processors already, so one query gets half of them.
        "max_parallel_workers": str(machine.processors),
        "max_parallel_workers_per_gather": str(min(machine.processors // 2, 4)),
        # dbt commits where nothing was begun, and each such warning would be a line of the log.
        "log_min_messages": "error",
        # A query whose client was killed ends, too.
        "client_connection_check_interval": "5s",
        # Not in /dev/shm: containers have 64 MB of it, and systemd empties it at logout.
        "dynamic_shared_memory_type": "mmap",
    }
