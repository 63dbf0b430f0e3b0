"""Engines beside PostgreSQL: they read files or a lake in place, and dbt builds all on them.

Raw is a schema of views there (macros/engines/raw.sql), over plain files in a folder of our own or
over the Parquet of a lake, which Snowflake copies. Nothing is landed, so there are no batches but
those of a lake.
"""

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from loaders.errors import LoaderError
from loaders.paths import state_root

_READS = {"build", "run", "create_raw_views"}


def prepare(target: str, arguments: Sequence[str]) -> dict[str, str]:
    """Return the variables with which dbt runs on an engine: duckdb, snowflake or spark.

    ``dbt build`` and ``dbt run`` read what OLIST_DATA names from then on, until it names something
    else; Snowflake gets what is new there. Raises LoaderError when Spark cannot run here or the
    data cannot be read.
    """
    variables = {"OLIST_TARGET": target}
    if target == "duckdb":
        named = os.environ.get("OLIST_DUCKDB") or state_root() / "olist.duckdb"
        variables["OLIST_DUCKDB"] = str(Path(named).expanduser().resolve())
    elif target == "spark":
        home = Path(os.environ.get("OLIST_SPARK_HOME") or state_root() / ".spark").expanduser()
        variables["OLIST_SPARK_HOME"] = str(home.resolve())
        if os.environ.get("SPARK_METHOD", "session") == "session":
            variables["SPARK_LOCAL_IP"] = "127.0.0.1"  # a session is for this machine only
            _check_java()
    location = os.environ.get("OLIST_DATA")
    if location and _READS.intersection(arguments):
        variables["OLIST_RAW"] = _raw(target, location)
    return variables


def has_data() -> bool:
    """Whether the DuckDB database has a raw schema: it reads what it did, without OLIST_DATA."""
    file = Path(prepare("duckdb", ())["OLIST_DUCKDB"])
    with suppress(ModuleNotFoundError):  # dbt says how to install it
        import duckdb

        if file.exists():
            with duckdb.connect(str(file), read_only=True) as link:
                link.execute("from information_schema.schemata where schema_name = 'raw'")
                return bool(link.fetchall())
    return False


def _check_java() -> None:
    """Raise LoaderError where a Spark session cannot run; keep its log of Java short."""
    java = os.environ.get("JAVA_HOME")
    if not shutil.which("java", path=f"{java}/bin" if java else None):
        raise LoaderError(
            "a Spark session needs Java 17 or 21: install it (Debian: openjdk-17-jre-headless), or"
            " name it in JAVA_HOME."
        )
    with suppress(ModuleNotFoundError):  # dbt says how to install it
        from pyspark.logger import PySparkLogger

        for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
            PySparkLogger.getLogger(name).disabled = True


def _raw(target: str, location: str) -> str:
    """Where the views of raw read: ``lake:PATH`` or ``files:FOLDER``."""
    local = Path(location).expanduser().resolve()
    if target == "snowflake" and "://" in location:  # it reads the bucket, perhaps nobody else may
        is_lake, where = location.startswith("s3://"), location.rstrip("/")
    elif location.startswith("s3://"):
        from loaders.objects import open_store

        is_lake, where = bool(open_store(location).sizes("batches")), location.rstrip("/")
    else:
        is_lake, where = (local / "batches").is_dir() and (local / "raw").is_dir(), str(local)
    if target != "duckdb" and not is_lake:
        raise LoaderError(
            f"{location}: {target.capitalize()} reads a lake. Land the files in PostgreSQL and"
            " 'olist archive' them (docs/lake.md), then name the lake in OLIST_DATA."
        )
    if not is_lake:
        return f"files:{_as_plain_files(location)}"
    if target == "duckdb" and "://" in where:
        where = str(_fetched(location))
    return f"lake:{where}"


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
    for key in [*store.sizes("raw"), *store.sizes("batches")]:
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            store.fetch(key, file)
    return folder
