"""What every group of measurements is given: files, repetitions, a server, fresh databases."""

import os
import shutil
import subprocess
import sys
import tempfile
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class Settings:
    """How to measure, and with what.

    ``data`` is a folder of the nine CSV files, ``described`` says in words what they are, and
    ``scales`` are the sizes to measure at where a group compares sizes (1 is that of the real
    data; the first is the base of the others). ``scratch`` is a folder for anything, removed at
    the end; ``server`` has the variables of a server on which databases may be made.
    """

    data: Path
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

    def run(self, module: str, *arguments: str | Path) -> None:
        """Run ``python -m module`` of this checkout on the database in use, as a user would.

        ``loaders`` is the olist command, ``loaders.dbt`` is dbt. Raises LoaderError with
        what it said when it fails.
        """
        done = subprocess.run(
            [sys.executable, "-m", module, *map(str, arguments)],
            cwd=project_root(),
            env={**os.environ, "PYTHONPATH": str(project_root())},
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode != 0:
            command = " ".join((module, *map(str, arguments)))
            raise LoaderError(f"'{command}' failed: {done.stdout.strip()}")


@contextmanager
def prepared(
    data: Path | None = None, repeats: int = 5, scales: tuple[float, ...] = (1, 10)
) -> Iterator[Settings]:
    """Yield settings with a server, and files, that last for the block.

    The server is the one that PGHOST or DATABASE_URL names (databases of its own are made on it),
    else an embedded one, made for the purpose. Without ``data`` the files are synthetic, of
    the first scale. Raises LoaderError.
    """
    with tempfile.TemporaryDirectory(prefix="olist-bench-") as scratch:
        # The server's account must be able to pass, wherever root's umask stands.
        Path(scratch).chmod(0o711)
        home = {"OLIST_HOME": str(Path(scratch) / "home")}
        with mock.patch.dict(os.environ, home), _server() as variables:
            if data is None:
                described = f"synthetic, scale {scales[0]:g}"
                folder = Path(scratch) / f"sample-{scales[0]:g}"
                sample.generate(folder, scales[0])
            else:
                described, folder = data.name, _unpacked(data, Path(scratch) / "data")
            yield Settings(folder, described, Path(scratch), variables, repeats, scales)


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
    if data.is_dir():
        return data.resolve()
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
