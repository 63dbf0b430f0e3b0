"""CSV files as a lake that Spark reads: Parquet and manifests, as in ``olist archive`` (docs/lake.md).

There is no PostgreSQL here that would read the files: pyarrow does, every value as text. A whole
export that differs from the last one is a batch more; what it changed and removed, Spark finds.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from loaders.errors import LoaderError
from loaders.lake import manifest, packed
from loaders.lake.manifest import Manifest, Row
from loaders.lake.objects import parquet_writer
from loaders.lake.scratch import scratch
from loaders.lake.store import Store, open_store
from loaders.land.batch import Batch, Rules, origin_of
from loaders.paths import project_root
from loaders.sources import SourceFile
from loaders.sources.files import find_files
from loaders.spark.keys import check_keys
from loaders.tables import TABLES

_LEAST = 0.95  # of the rows of the last export: with fewer, the file was probably cut short
Say = Callable[[str], None]


def prepare(variables: Mapping[str, str] = os.environ, say: Say = print) -> dict[str, str]:
    """Variables for dbt on Spark; the files that OLIST_DATA names are in the lake then.

    Raises LoaderError when nothing names data, or the files are not whole or cannot be read.
    """
    home = Path(variables.get("OLIST_SPARK_HOME") or project_root() / "target" / "spark").resolve()
    named = variables.get("OLIST_SPARK_LAKE") or variables.get("OLIST_LAKE")
    data = variables.get("OLIST_DATA")
    lake = named or str(home / "lake")
    if data and not variables.get("OLIST_SPARK_LAKE"):
        lake = str(home / "lake")
        add_export(Path(data).expanduser(), lake, variables, say)
    elif not manifest.batches_in(open_store(lake)):
        raise LoaderError(
            f"there is no data for Spark in {lake}: set OLIST_DATA to a folder or zip of the nine"
            " files, or OLIST_LAKE to a lake ('olist archive')."
        )
    return {"OLIST_SPARK_HOME": str(home), "OLIST_SPARK_LAKE": lake}


def add_export(data: Path, lake: str, variables: Mapping[str, str], say: Say) -> None:
    """Add a whole export to a lake as its next batch, unless it is what the last one was.

    Raises LoaderError when a file is missing, cannot be read or lacks rows of the last one.
    """
    files = _whole(data)
    store = open_store(lake)
    numbers = batches = manifest.batches_in(store)
    last = _last_files(store, batches)
    began = datetime.now(UTC)
    batch_id = numbers[-1] + 1 if numbers else 1
    batch = Batch(batch_id, str(data.resolve()), "snapshot", began, Rules())
    rows, objects = [], []
    with scratch() as folder:
        for file in files:
            row = _row(file, batch)
            if last.get(file.table.name, {}).get("checksum") == row["checksum"]:
                continue
            target = folder / "content.parquet"
            row["rows_read"] = _write(file, batch, row, target)
            _refuse_short(row, last.get(file.table.name), variables)
            key = packed.key_of(row, "parquet")
            store.put(key, target)
            objects.append({"table": file.table.name, "key": key, "rows": row["rows_read"]})
            rows.append(row)
        if not rows:
            return
        entry = _entry(batch, rows)
        found = Manifest(
            batch_id, numbers[-1] if numbers else None, {"_batches": [entry], "_files": rows}, objects
        )
        if not manifest.write(store, found, folder):
            raise LoaderError(f"another run has written to {lake} at the same time: run it again.")
    say(f"Spark: batch {batch_id} of {lake}, {entry['rows_read']:,} rows of {data}")


def _whole(data: Path) -> Sequence[SourceFile]:
    files = find_files(data)[0]
    missing = [table.file for table in TABLES if table not in {file.table for file in files}]
    if missing:
        raise LoaderError(
            f"{data}: lacks {', '.join(missing)}; OLIST_DATA is a whole export of all nine files."
        )
    return files


def _last_files(store: Store, batches: Sequence[int]) -> dict[str, Row]:
    """The newest landed file of each table."""
    return {
        row["table_name"]: row
        for batch_id in batches
        for row in manifest.read(store, batch_id).landed
    }


def _row(file: SourceFile, batch: Batch) -> Row:
    checksum, size = file.measure()
    return {
        "batch_id": batch.batch_id,
        "table_name": file.table.name,
        "file_name": file.name,
        "checksum": checksum,
        "bytes": size,
        "mode": batch.mode,
        "status": "landed",
    }


def _write(file: SourceFile, batch: Batch, row: Row, target: Path) -> int:
    origin = origin_of(file.name, row["checksum"])
    rows: int = parquet_writer().write_parquet(file, batch, origin, frozenset(), target)
    check_keys(file, target)
    return rows


def _refuse_short(row: Row, last: Row | None, variables: Mapping[str, str]) -> None:
    before = last["rows_read"] if last else 0
    if row["rows_read"] < _LEAST * before and variables.get("OLIST_ALLOW_REMOVALS") != "1":
        raise LoaderError(
            f"{row['file_name']} has {row['rows_read']:,} rows, the last one had {before:,}: it was"
            " cut short; or it is right: OLIST_ALLOW_REMOVALS=1."
        )


def _entry(batch: Batch, files: Sequence[Row]) -> Row:
    ended = datetime.now(UTC)
    return {
        "batch_id": batch.batch_id,
        "source": batch.source,
        "mode": batch.mode,
        "status": "landed",
        "started_at": batch.loaded_at.isoformat(),
        "finished_at": ended.isoformat(),
        "seconds": round((ended - batch.loaded_at).total_seconds(), 3),
        "rows_read": sum(row["rows_read"] for row in files),
        "rows_rejected": 0,
    }
