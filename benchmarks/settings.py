"""What every group of measurements is given: files, repetitions, a server, fresh databases."""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from unittest import mock

import psycopg2
from psycopg2 import sql

from loaders import connection, sample, server
from loaders.errors import LoaderError
from loaders.paths import project_root
from loaders.tables import BY_FILE

# What would lead a measured command elsewhere, or make it do more: without bytecode, every process
# compiles our modules.
_LEFT_OUT = ("DATABASE_URL", "OLIST_LAKE", "OLIST_DATA", "PYTHONDONTWRITEBYTECODE")
_KEPT_LINES = 30


@dataclass(frozen=True)
class Cost:
    """Seconds of wall time, and the peak of memory in bytes."""

    wall: float
    memory: int


@dataclass(frozen=True)
class Settings:
    """How to measure, and with what.

    ``data`` is a folder of the nine CSV files and ``archive`` a zip of them, ``described`` says in
    words what they are, and ``scales`` are the sizes to measure at where a group compares sizes (1
    is that of the real data; the first is the base of the others). ``scratch`` is a folder for
    anything, removed at the end; ``server`` has the variables of a server on which databases may be
    made.
    """

    data: Path
    archive: Path
    described: str
    scratch: Path
    server: Mapping[str, str] = field(repr=False)
    repeats: int = 5
    scales: tuple[float, ...] = (1, 10)

    def sample(self, scale: float) -> Path:
        """Folder of synthetic files of this scale, made once."""
        folder = self.scratch / f"sample-{scale:g}"
        if not folder.is_dir():
            sample.generate(folder, scale)
        return folder

    @contextmanager
    def database(self) -> Iterator[dict[str, str]]:
        """Point this process, and what it starts, at an empty database, dropped at the end.

        Yields its PG* variables. Raises LoaderError when the server does not let it be made.
        """
        name = f"olist_bench_{uuid.uuid4().hex[:12]}"
        variables = {**self.server, "PGDATABASE": name}
        with mock.patch.dict(os.environ, self.server):
            for left_out in _LEFT_OUT:
                os.environ.pop(left_out, None)
            _administer("create database {}", name)
            try:
                with mock.patch.dict(os.environ, variables):
                    yield variables
            finally:
                _administer("drop database {} with (force)", name)

    def land(self, location: Path, mode: str = "snapshot") -> Cost:
        """Land files in the database in use, as a user would."""
        return run("loaders", "land", location, "--mode", mode)


def run(module: str, *arguments: str | Path) -> Cost:
    """Run ``python -m module`` of this checkout on the database in use, as a user would.

    Raises LoaderError with the end of what it said when it fails.
    """
    with tempfile.TemporaryDirectory(prefix="olist-bench-") as folder:
        peak = Path(folder) / "peak"
        command = ["benchmarks.peak", str(peak), module, *map(str, arguments)]
        began = time.perf_counter()
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
        return Cost(wall, int(peak.read_text("ascii")))


@contextmanager
def prepared(
    data: Path | None = None, repeats: int = 5, scales: tuple[float, ...] = (1, 10)
) -> Iterator[Settings]:
    """Yield settings with a server, and files, that last for the block.

    The server is the one that PGHOST or DATABASE_URL names (databases of its own are made on it),
    else an embedded one, made for the purpose. Without ``data`` the files are synthetic, of
    the first scale. Raises LoaderError.
    """
    with tempfile.TemporaryDirectory(prefix="olist-bench-") as made:
        scratch = Path(made)
        # The server's account must be able to pass, wherever root's umask stands.
        scratch.chmod(0o711)
        home = {"OLIST_HOME": str(scratch / "home")}
        with mock.patch.dict(os.environ, home), _server() as variables:
            folder, archive = scratch / f"sample-{scales[0]:g}", scratch / "files.zip"
            described = data.name if data else f"synthetic, scale {scales[0]:g}"
            if data is None:
                sample.generate(folder, scales[0])
            elif data.is_dir():
                folder = data.resolve()
            else:
                folder = _unpacked(data, scratch / "data")
            with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
                for file in sorted(folder.iterdir()):
                    packed.write(file, file.name)
            yield Settings(folder, archive, described, scratch, variables, repeats, scales)


@contextmanager
def _server() -> Iterator[dict[str, str]]:
    named = connection.external()
    if named is not None:
        yield named
        return
    variables = server.up(lambda _: None)
    try:
        yield variables
    finally:
        server.down(lambda _: None)


def _unpacked(data: Path, folder: Path) -> Path:
    try:
        with zipfile.ZipFile(data) as archive:
            folder.mkdir()
            for name in archive.namelist():
                file = Path(name).name.lower()
                if file in BY_FILE:
                    with archive.open(name) as packed, (folder / file).open("wb") as unpacked:
                        shutil.copyfileobj(packed, unpacked)
    except (OSError, zipfile.BadZipFile) as error:
        raise LoaderError(f"{data}: cannot be read as a folder or a zip ({error}).") from error
    return folder


def _administer(statement: str, name: str) -> None:
    try:
        with connection.connect(autocommit=True) as link, link.cursor() as cursor:
            cursor.execute(sql.SQL(statement).format(sql.Identifier(name)))
    except psycopg2.Error as error:
        raise LoaderError(f"A database to measure in is needed: {str(error).strip()}.") from error


def environment(settings: Settings) -> dict[str, str]:
    """Commit, data, machine and versions, each in words."""
    with mock.patch.dict(os.environ, settings.server), connection.connect() as link:
        postgres = str(link.server_version)
    git = ["git", "-C", str(project_root())]
    commit = subprocess.run(
        [*git, "rev-parse", "--short=10", "HEAD"], check=False, capture_output=True, text=True
    ).stdout.strip()
    cores, memory = os.cpu_count(), os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "commit": commit or "unknown",
        "data": settings.described,
        "machine": f"{platform.machine()}, {cores} cores, {memory / 1024**3:.0f} GiB,"
        f" {platform.system()}",
        "Python": platform.python_version(),
        "PostgreSQL": f"{postgres[:-4]}.{int(postgres[-4:])}",
        "dbt": version("dbt-core"),
        "medians of": str(settings.repeats),
    }
