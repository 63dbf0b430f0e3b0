"""Spark, for those who outgrow one machine: its raw data is a lake, read where it lies."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from loaders.engines import Mart
from loaders.errors import LoaderError
from loaders.lake import manifest
from loaders.lake.store import open_store
from loaders.land.ledger import Rules
from loaders.paths import state_root

NAME = "spark"


@dataclass(frozen=True)
class SparkWarehouse:
    """A folder with the catalogue and tables of a session; see ``Warehouse``.

    ``named`` is the lake of OLIST_SPARK_LAKE: a cluster reads it, so it is no folder of this
    machine then.
    """

    home: Path
    named: str = ""

    @property
    def lake(self) -> str:
        """The lake that raw is made of: the one that was landed last, else one of its own."""
        followed = self.home / "lake.txt"
        if not self.named and followed.is_file():
            return followed.read_text("utf-8").strip()
        return self.named or str(self.home / "lake")

    @property
    def variables(self) -> Mapping[str, str]:
        """What ``profiles.yml`` and macros/engines/spark_lake.sql read."""
        return {
            "OLIST_TARGET": NAME,
            "OLIST_SPARK_HOME": str(self.home),
            "OLIST_SPARK_LAKE": self.lake,
        }

    def land(
        self,
        location: str,
        mode: str = "delta",
        *,
        tables: Sequence[str] = (),
        say: Callable[[str], None] = print,
        rules: Rules | None = None,
        at: datetime | None = None,
    ) -> None:
        """Add a location to the lake as one batch; a lake is read where it is.

        What it changes and removes is found by Spark, when dbt runs.
        """
        from loaders.engines.spark import lake

        if manifest.is_lake(location):
            lake.follow(self, location, say)
        else:
            request = lake.Load(location, mode, tables, rules or Rules(), at)
            lake.add(self.lake, request, say)

    def has_data(self) -> bool:
        """Whether the lake has a batch."""
        return bool(manifest.batches_in(open_store(self.lake)))

    def has_operations(self) -> bool:
        """No: their models are for the other engines."""
        return False

    def newest_batch(self) -> tuple[int, datetime] | None:
        """Number and time of the newest batch."""
        store = open_store(self.lake)
        numbers = manifest.batches_in(store)
        if not numbers:
            return None
        return numbers[-1], manifest.read(store, numbers[-1]).stamp.loaded_at

    def rows(self, mart: Mart) -> Iterator[tuple[Any, ...]]:
        """Rows of a mart by its key, from the files that a session on this machine wrote."""
        from loaders.engines.spark.tables import rows

        yield from rows(self.home, mart)


class _Spark:
    name = NAME

    def check(self) -> None:
        """Raise LoaderError when dbt-spark, or what a session needs, is not installed."""
        if find_spec("dbt.adapters.spark") is None or find_spec("pyarrow") is None:
            raise LoaderError(
                "the target spark needs dbt-spark, which is not installed:"
                " .venv/bin/pip install -e '.[spark]', or 'make spark'."
            )
        if os.environ.get("SPARK_METHOD", "session") != "session":
            return
        if find_spec("pyspark") is None:
            raise LoaderError("a Spark session needs pyspark: .venv/bin/pip install -e '.[spark]'.")
        java = os.environ.get("JAVA_HOME")
        if not (Path(java, "bin", "java").is_file() if java else shutil.which("java")):
            raise LoaderError(
                "a Spark session needs Java 17 or 21: install it (Debian: openjdk-17-jre-headless),"
                " or name it in JAVA_HOME."
            )
        _quiet()

    def in_use(self) -> SparkWarehouse:
        """The folder of OLIST_SPARK_HOME, else the one in the project."""
        named = os.environ.get("OLIST_SPARK_HOME")
        home = Path(named).expanduser() if named else state_root() / ".spark"
        return SparkWarehouse(home.resolve(), os.environ.get("OLIST_SPARK_LAKE", ""))

    @contextmanager
    def scratch(self, folder: Path) -> Iterator[SparkWarehouse]:
        """Another folder."""
        yield SparkWarehouse(folder.resolve())


ENGINE = _Spark()


def _quiet() -> None:
    """Of an error, dbt tells the sentence: pyspark would print a hundred lines of Java before."""
    from pyspark.logger import PySparkLogger

    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
        PySparkLogger.getLogger(name).disabled = True
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")  # a session is for this machine only
