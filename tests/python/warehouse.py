"""A database with its own dbt run folder: land, build, read the marts."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt_common.events.base_types import EventMsg
from psycopg2 import sql

from loaders.connection import connect
from loaders.land import Counts, Rules, land
from loaders.paths import project_root

FACTS = ("fct_orders", "fct_order_items", "fct_payments", "fct_reviews")
DIMENSIONS = (
    "dim_dates",
    "dim_customers",
    "dim_sellers",
    "dim_products",
    "dim_geographies",
    "dim_payment_types",
)
HISTORIES = ("dim_customers_history", "dim_sellers_history", "dim_products_history")
MARTS = FACTS + DIMENSIONS + HISTORIES
NO_TESTS = ("--exclude-resource-type", "test", "unit_test")
# Without the reports on it, which a test of the star would build in vain.
STAR = (
    *(*NO_TESTS, "--exclude", "path:models/reports"),
    *("rpt_freshness", "rpt_loads", "rpt_table_sizes", "rpt_test_results"),
)
# On a warehouse that has been built: what a load changes, without the reports.
MARTS_ONLY = (
    *("path:models/staging", "path:models/intermediate", "path:models/marts", "invalid_values+"),
    *("--exclude", "dim_dates"),
)
Rows = list[tuple[Any, ...]]
Records = list[dict[str, Any]]
Callback = Callable[[EventMsg], None]
_MANIFESTS: dict[Path, Manifest] = {}  # parsed once per folder: it is of one name of a database


@dataclass
class Warehouse:
    """One database; its commands run with the variables of that database set."""

    variables: dict[str, str]
    folder: Path

    def land(self, path: Path | str, mode: str = "delta") -> Counts:
        """Land a folder of CSV files, or what a URL names, however much they remove."""
        with self.environment():
            return land(path, mode, say=lambda _: None, rules=Rules(allow_removals=True))

    def dbt(self, *arguments: str, callbacks: Sequence[Callback] = ()) -> dict[str, str]:
        """Run dbt; return the status of each node but exposures. Fails when dbt fails.

        ``callbacks`` hear of each of its events.
        """
        with self.environment():
            done = dbtRunner(self._parsed(arguments), [*callbacks]).invoke(
                ["--quiet", *arguments, *self._options()]
            )
        results = getattr(done.result, "results", [])
        broken = [
            f"{result.node.name}: {result.message}"
            for result in results
            if result.status not in {"success", "pass", "warn", "no-op"}
        ]
        assert done.success, done.exception or "\n".join(broken)
        return {
            result.node.name: str(result.status) for result in results if result.status != "no-op"
        }

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start dbt as users do, in a process group of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "loaders.dbt", *arguments, *self._options("process")],
            env={**os.environ, **self.variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def query(self, statement: str | sql.Composable, *, fetch: bool = True) -> Rows:
        """Run a statement and return its rows; none where it has none to fetch."""
        with self.environment(), connect() as link, link.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if fetch else []

    def records(self, query: str) -> Records:
        """The rows of a query, with the names of their columns."""
        with self.environment(), connect() as link, link.cursor() as cursor:
            cursor.execute(query)
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def mart(self, name: str, columns: str = "mart.*") -> Rows:
        """All rows of a mart, sorted."""
        statement = sql.SQL("select {} from {} as mart").format(
            sql.SQL(columns), sql.Identifier("marts", name)
        )
        return sorted(self.query(statement), key=repr)

    def marts(self, names: Sequence[str] = MARTS) -> dict[str, Rows]:
        """All rows of several marts."""
        return {name: self.mart(name) for name in names}

    def _parsed(self, arguments: Sequence[str]) -> Manifest | None:
        """The project, parsed once for all commands but those that change what it is."""
        if "--vars" in arguments:
            return None
        if self.folder not in _MANIFESTS:
            parsed = dbtRunner().invoke(["--quiet", "parse", *self._options()]).result
            assert isinstance(parsed, Manifest)
            _MANIFESTS[self.folder] = parsed
        return _MANIFESTS[self.folder]

    def _options(self, target: str = "target") -> list[str]:
        return [
            *("--project-dir", str(project_root()), "--profiles-dir", str(project_root())),
            *("--target-path", str(self.folder / target)),
            *("--log-path", str(self.folder / "logs")),
        ]

    @contextmanager
    def environment(self) -> Iterator[None]:
        """Let loaders find this database, in this process."""
        with mock.patch.dict(os.environ, self.variables):
            os.environ.pop("DATABASE_URL", None)
            yield
