"""Checks of the machine: Python, and room on its disks."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from loaders.doctor.finding import FAIL, OK, WARN, Finding
from loaders.paths import state_root

_PYTHONS = ((3, 11), (3, 14))
# What the real dataset takes: raw, marts, indexes, WAL (measured 1.2 GB), and room to rebuild.
_ROOM = 3_000_000_000
_LITTLE = 500_000_000


def findings() -> Iterator[Finding]:
    """Yield what was found."""
    version = ".".join(map(str, sys.version_info[:3]))
    first, beyond = _PYTHONS
    if first <= sys.version_info[:2] < beyond:
        yield Finding("python", OK, f"{version} at {sys.executable}")
    else:
        yield Finding(
            "python",
            FAIL,
            f"{version} at {sys.executable}; dbt 1.11 runs on 3.11 to 3.13",
            "install one of these, remove .venv and run 'make PYTHON=/path/to/python build'",
        )
    yield _room("disk (server, data)", state_root())
    yield _room("disk (temporary files)", Path(tempfile.gettempdir()))


def _room(check: str, folder: Path) -> Finding:
    there = next(parent for parent in (folder, *folder.parents) if parent.is_dir())
    if not os.access(there, os.W_OK):
        return Finding(check, FAIL, f"{there} cannot be written", "mend its rights")
    free = shutil.disk_usage(there).free
    found = f"{free / 1e9:,.1f} GB free in {there}"
    if free >= _ROOM:
        return Finding(check, OK, found)
    return Finding(
        check,
        FAIL if free < _LITTLE else WARN,
        found,
        f"make room: the whole dataset needs about {_ROOM / 1e9:.0f} GB while it is built",
    )
