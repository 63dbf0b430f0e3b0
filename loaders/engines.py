"""Engines beside PostgreSQL: they read files or a lake in place, and dbt builds all on them.

Raw is a schema of views there (macros/engines/raw.sql), over plain files in a folder of our own or
over the Parquet of a lake. Nothing is landed, so there are no batches but those of a lake.
"""

import os
import shutil
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from loaders.errors import LoaderError
from loaders.paths import state_root

PACKAGES = {
    "duckdb": ("dbt.adapters.duckdb", "duckdb"),
    "spark": ("dbt.adapters.spark",),
}
_BUILDS = {"build", "run"}


def prepare(target: str, arguments: Sequence[str]) -> dict[str, str]:
    """Return the variables with which dbt runs on an engine.

    ``dbt build`` and ``dbt run`` read what OLIST_DATA names from then on, until it names something
    else. Raises LoaderError when the engine is not installed or the data cannot be read.
    """
    _check(target)
    variables = {"OLIST_TARGET": target}
    if target == "duckdb":
        variables["OLIST_DUCKDB"] = str(duckdb_file())
    else:
        home = Path(os.environ.get("OLIST_SPARK_HOME") or state_root() / ".spark").expanduser()
        variables["OLIST_SPARK_HOME"] = str(home.resolve())
    named = os.environ.get("OLIST_DATA")
    if named and _BUILDS.intersection(arguments):
        variables["OLIST_RAW"] = _raw(target, named)
    return variables


def duckdb_file() -> Path:
    """The file that holds the warehouse of the target duckdb: OLIST_DUCKDB, or olist.duckdb."""
    named = os.environ.get("OLIST_DUCKDB")
    return Path(named).expanduser().resolve() if named else state_root() / "olist.duckdb"


def _check(target: str) -> None:
    if target not in PACKAGES:
        known = ", ".join(("postgres", *PACKAGES))
        raise LoaderError(f"'{target}' is no target of profiles.yml; there are {known}.")
    if not all(find_spec(name) for name in PACKAGES[target]):
        raise LoaderError(
            f"the target {target} needs packages that are not installed:"
            f" .venv/bin/pip install -e '.[{target}]'."
        )
    if target == "spark" and os.environ.get("SPARK_METHOD", "session") == "session":
        _check_session()


def _check_session() -> None:
    """Raise LoaderError where Spark cannot run on this machine; keep its log of Java short."""
    java = os.environ.get("JAVA_HOME")
    if not (Path(java, "bin", "java").is_file() if java else shutil.which("java")):
        raise LoaderError(
            "a Spark session needs Java 17 or 21: install it (Debian: openjdk-17-jre-headless), or"
            " name it in JAVA_HOME."
        )
    from pyspark.logger import PySparkLogger

    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
        PySparkLogger.getLogger(name).disabled = True
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")  # a session is for this machine only


def _raw(target: str, location: str) -> str:
    """Where the views of raw read: ``lake:PATH`` or ``files:FOLDER``."""
    in_bucket = location.startswith("s3://")
    local = Path(location).expanduser()
    is_lake = (local / "batches").is_dir() and (local / "raw").is_dir()
    if in_bucket:
        from loaders.objects import open_store

        is_lake = bool(open_store(location).keys("batches"))
    if target == "spark":
        if not is_lake:
            raise LoaderError(
                f"{location}: Spark reads a lake. Land the files in PostgreSQL and 'olist archive'"
                " them (docs/lake.md), then name the lake in OLIST_DATA."
            )
        return "lake:" + (location.rstrip("/") if in_bucket else str(local.resolve()))
    if not is_lake:
        return f"files:{_as_plain_files(location)}"
    return f"lake:{_fetched(location) if in_bucket else local.resolve()}"


def _new_folder() -> Path:
    folder = state_root() / ".raw"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _as_plain_files(location: str) -> Path:
    """Copy the files of any source as plain UTF-8 CSVs under the names of their tables."""
    from loaders.sources import Request, deliver

    with deliver(location, (), Request(mode="snapshot")) as delivery:
        files = [(file, file.header()) for file in delivery.files]  # an error before anything goes
        folder = _new_folder()
        for file, _ in files:
            with file.open() as stream, (folder / f"{file.table.name}.csv").open("wb") as plain:
                text = file.as_utf8(stream)
                for _ in range(file.layout.skip_lines):
                    text.readline()
                shutil.copyfileobj(text, plain, 1 << 20)
    return folder


def _fetched(location: str) -> Path:
    """Bring a lake out of a bucket: its Parquet and manifests, not the files that it came from."""
    from loaders.objects import open_store

    store, folder = open_store(location), _new_folder()
    for key in [*store.keys("raw"), *store.keys("batches")]:
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            store.fetch(key, file)
    return folder
