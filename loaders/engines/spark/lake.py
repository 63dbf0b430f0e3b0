"""CSV files as a lake that Spark reads: Parquet and manifests (docs/lake.md).

There is no database here that would read the files: pyarrow does, every value as text. What a batch
changes and removes, Spark finds (macros/engines/spark_lake.sql).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from loaders.engines.data import check_location
from loaders.engines.duckdb.spool import IrregularError, respool, spool
from loaders.engines.spark.keys import check_keys
from loaders.errors import LoaderError
from loaders.lake import manifest, packed
from loaders.lake.manifest import Manifest, Row
from loaders.lake.objects import parquet_writer
from loaders.lake.scratch import scratch
from loaders.lake.store import Store, open_store
from loaders.land.ledger import Batch, Rules, origin_of
from loaders.land.checksums import measure
from loaders.land.removals import check_removals
from loaders.sources import Request, SourceFile, deliver
from loaders.sources.text import canonical, remarks

if TYPE_CHECKING:
    from loaders.engines.spark import SparkWarehouse

Say = Callable[[str], None]
_WRITER = "spark"  # in a manifest's batch: the lake is one of these, and not an archive


def follow(warehouse: SparkWarehouse, location: str, say: Say) -> None:
    """Make a lake the one that raw is made of.

    Raises LoaderError where files were landed, or there is another lake.
    """
    own, lake = open_store(warehouse.lake), open_store(location)
    if own.location != lake.location and manifest.batches_in(own):
        raise LoaderError(
            f"Spark reads {own.location}, which is another lake: name another folder in"
            f" OLIST_SPARK_HOME for {lake.location}."
        )
    if not warehouse.named:
        warehouse.home.mkdir(parents=True, exist_ok=True)
        (warehouse.home / "lake.txt").write_text(f"{lake.location}\n", "utf-8")
    say(f"{lake.location}: {len(manifest.batches_in(lake))} batches")


@dataclass(frozen=True)
class Load:
    """What is asked of a landing; see ``loaders.engines.Warehouse``."""

    location: str
    mode: str
    tables: Sequence[str]
    rules: Rules
    at: datetime | None


def add(lake: str, load: Load, say: Say) -> None:
    """Add what a location has to a lake as its next batch; files that it has are left out.

    Raises LoaderError, and leaves the lake as it was, when anything is wrong.
    """
    if load.rules.max_rejects != Rules.max_rejects:
        raise LoaderError("--max-rejects is for PostgreSQL, which keeps the rejected rows.")
    check_location(load.location)
    store = open_store(lake)
    numbers = manifest.batches_in(store)
    if numbers and manifest.read(store, numbers[-1]).batch.get("writer") != _WRITER:
        raise LoaderError(
            f"{store.location} is the archive of a PostgreSQL: land there with --archive, or name"
            " another folder in OLIST_SPARK_HOME."
        )
    number = numbers[-1] + 1 if numbers else 1
    request = Request(mode=load.mode, say=say)
    with deliver(load.location, load.tables, request) as delivery, scratch() as folder:
        began = load.at or datetime.now(UTC)
        batch = Batch(number, delivery.source, load.mode, began, load.rules)
        encoding = canonical(load.rules.encoding)
        files = [replace(file, encoding=encoding) for file in delivery.files]
        last = _last_files(store, numbers)
        rows: list[Row] = []
        objects: list[Row] = []
        for file in files:
            for remark in remarks(file.header(), file.table):
                say(f"{file.name}: {remark}")
            row = _row(file, batch)
            before = last.get(file.table.name, {})
            if _is_unchanged(row, before):
                say(f"  {file.table.name}: unchanged")
                continue
            rows.append(row)
            objects.append(_put(store, file, batch, row, before, folder / "content.parquet"))
            say(f"  {file.table.name}: {row['rows_read']:,} rows")
        tables = {"_batches": [_entry(batch, rows)], "_files": rows}
        whole = Manifest(number, numbers[-1] if numbers else None, tables, objects)
        if not manifest.write(store, whole, folder):
            raise LoaderError(f"{store.location} was written to by another load: land it again.")
    read = sum(row["rows_read"] for row in rows)
    say(f"batch {number}: {read:,} rows")


def _last_files(store: Store, numbers: Sequence[int]) -> dict[str, Row]:
    """The newest landed file of each table."""
    return {
        row["table_name"]: row for number in numbers for row in manifest.read(store, number).landed
    }


def _is_unchanged(row: Row, last: Row) -> bool:
    """Whether a file is the last one of its table, landed in a mode that did as much."""
    if any(row[name] != last.get(name) for name in ("checksum", "encoding")):
        return False
    return bool(row["mode"] == "delta" or last["mode"] == "snapshot")


def _row(file: SourceFile, batch: Batch) -> Row:
    checksum, size = measure(file)
    return {
        "batch_id": batch.batch_id,
        "table_name": file.table.name,
        "file_name": file.name,
        "checksum": checksum,
        "bytes": size,
        "mode": file.mode or batch.mode,
        "status": "landed",
        "encoding": file.encoding,
    }


def _put(  # noqa: PLR0917 - a file, what is known of it, and where it goes
    store: Store, file: SourceFile, batch: Batch, row: Row, before: Row, target: Path
) -> Row:
    """Write a file as an object of the lake, completing its row; return what the manifest says."""
    rows = _write_rows(file, batch, origin_of(file.name, row["checksum"]), target)
    check_keys(file, target)
    if row["mode"] == "snapshot":
        # what it lacks is not known before Spark compares; how many rows fewer it has, is
        live = before.get("rows_read", 0)
        check_removals(file.table, live, max(live - rows, 0), batch.rules)
    row["rows_read"] = rows
    key = packed.key_of(row, "parquet")
    store.put(key, target)
    return {"table": file.table.name, "key": key, "rows": rows}


def _write_rows(file: SourceFile, batch: Batch, origin: str, target: Path) -> int:
    """Write a file as Parquet; return its rows. LoaderError names the line of a bad one."""
    write = parquet_writer().write_parquet
    scrap = target.with_name("rows.csv")
    try:
        with file.open() as stream:
            expected = spool(file, file.as_utf8(stream), scrap)
        rows: int = write(file, batch, origin, frozenset(), target)
    except (IrregularError, LoaderError):  # the second reading knows which line it is
        with file.open() as stream:
            expected = respool(file, file.as_utf8(stream), scrap)
        rows = write(file, batch, origin, frozenset(), target)
    if rows != expected:
        raise LoaderError(f"{file.name}: {rows:,} of {expected:,} rows can be read.")
    return rows


def _entry(batch: Batch, rows: Sequence[Row]) -> Row:
    ended = datetime.now(UTC)
    return {
        "batch_id": batch.batch_id,
        "source": batch.source,
        "mode": batch.mode,
        "status": "landed" if rows else "unchanged",
        "started_at": batch.loaded_at.isoformat(),
        "finished_at": ended.isoformat(),
        "seconds": round((ended - batch.loaded_at).total_seconds(), 3),
        "rows_read": sum(row["rows_read"] for row in rows),
        "rows_rejected": 0,
        "rules": asdict(batch.rules),
        "writer": _WRITER,
    }
