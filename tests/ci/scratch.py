"""A scratch database, and the commands of a checkout on it."""

import json
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from psycopg2 import sql

from loaders import connection, server
from loaders.errors import LoaderError


def say(text: str) -> None:
    """Announce a step."""
    print(f"\n== {text}", flush=True)


@dataclass(frozen=True)
class Checkout:
    """A folder with the project at some commit, run with this environment's packages."""

    root: Path
    target: Path

    def olist(self, *arguments: str | Path) -> None:
        """Run a command of its loaders."""
        self._run("loaders", *arguments)

    def dbt(self, *arguments: str) -> None:
        """Run its dbt; what dbt writes goes to ``target``."""
        folders = ("--target-path", str(self.target), "--log-path", str(self.target / "logs"))
        self._run("loaders.dbt", *arguments, *folders)

    def written(self) -> dict[str, int]:
        """Rows that the last ``dbt build`` wrote into each incremental model."""
        manifest = json.loads((self.target / "manifest.json").read_text("utf-8"))
        results = json.loads((self.target / "run_results.json").read_text("utf-8"))["results"]
        return {
            node["name"]: int(result["adapter_response"]["rows_affected"])
            for result in results
            if (node := manifest["nodes"].get(result["unique_id"]))
            and node["config"]["materialized"] == "incremental"
        }

    def _run(self, module: str, *arguments: str | Path) -> None:
        done = subprocess.run(
            [sys.executable, "-m", module, *map(str, arguments)],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(self.root)},
            check=False,
        )
        if done.returncode != 0:
            command = " ".join(map(str, arguments[:2]))
            raise LoaderError(f"'{command}' failed in {self.root}; its messages are above.")


@contextmanager
def scratch_database() -> Iterator[None]:
    """Point this process at an empty database, dropped at the end.

    It is made on the server that the environment names, else on an embedded one of its own.
    Raises LoaderError when it cannot be made.
    """
    with _server():
        name = f"olist_ci_{uuid.uuid4().hex[:12]}"
        variables = connection.environment()
        _administer("create database {}", name)
        os.environ.update({**variables, "PGDATABASE": name})
        try:
            yield
        finally:
            os.environ.update(variables)
            _administer("drop database {} with (force)", name)


@contextmanager
def _server() -> Iterator[None]:
    if connection.external() is not None:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="olist-ci-") as home:
        os.environ["OLIST_HOME"] = home
        server.up()
        try:
            yield
        finally:
            server.down()


def _administer(statement: str, name: str) -> None:
    try:
        with connection.connect(autocommit=True) as link, link.cursor() as cursor:
            cursor.execute(sql.SQL(statement).format(sql.Identifier(name)))
    except psycopg2.Error as error:
        raise LoaderError(f"A scratch database is needed: {str(error).strip()}.") from error
