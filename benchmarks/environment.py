"""Where a group was measured: machine, versions, commit."""

import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from loaders.connection import connect
from loaders.paths import project_root
from loaders.server import machine


def environment(server: Mapping[str, str]) -> dict[str, str]:
    """Machine, operating system and versions, each in words."""
    measured = machine.measure()
    with connect(where=server) as link, link.cursor() as cursor:
        cursor.execute("show server_version")
        ((postgres,),) = cursor.fetchall()
    return {
        "machine": f"{_processor()}, {measured.processors} cores,"
        f" {measured.memory / 1024**3:.0f} GiB",
        "system": _system(),
        "versions": f"Python {platform.python_version()}, PostgreSQL {postgres.split()[0]},"
        f" dbt {version('dbt-core')} (dbt-postgres {version('dbt-postgres')})",
    }


def commit() -> str:
    """The commit that is checked out; it says when files differ from it."""
    try:
        found = _git("rev-parse", "--short=10", "HEAD")
        # The bench writes its own results while it runs.
        changes = _git("status", "--porcelain", "--", ".", ":!benchmarks/results.*")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{found} with changes" if changes else found


def _git(*arguments: str) -> str:
    command = ("git", "-C", str(project_root()), *arguments)
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return " ".join(value.split())
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _system() -> str:
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        name = platform.platform(terse=True)
    return f"{name}, {platform.system()} {platform.release()}"
