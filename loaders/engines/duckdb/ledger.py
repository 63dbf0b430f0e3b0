"""The ledger in a DuckDB file: what has landed, and the transaction of a batch."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

import duckdb
from duckdb import DuckDBPyConnection

from loaders.errors import LoaderError
from loaders.land.ledger import Batch
from loaders.land.ledger import Counts, FileResult


def newest(link: DuckDBPyConnection) -> int:
    """Number of the newest batch, 0 for none."""
    row = link.execute("select coalesce(max(batch_id), 0) from raw._batches").fetchone()
    return int(row[0]) if row else 0


class transaction:  # noqa: N801 - used as a function
    """All that the block writes, or nothing; what DuckDB refuses is a LoaderError."""

    def __init__(self, link: DuckDBPyConnection) -> None:
        self._link = link

    def __enter__(self) -> None:
        self._link.execute("begin")

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            self._link.execute("commit")
            return
        self._link.execute("rollback")
        if isinstance(error, duckdb.Error):
            reason = " ".join(str(error).split())[:200]
            raise LoaderError(f"DuckDB stopped the load ({reason}).") from error


def record(
    link: DuckDBPyConnection,
    batch: Batch,
    results: Sequence[FileResult],
    total: Counts,
    seconds: float,
) -> None:
    """Write a batch and its files into the ledger."""
    landed = any(result.status == "landed" for result in results)
    status = "landed" if landed else "unchanged"
    link.execute(
        "insert into raw._batches values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, null, ?)",
        [
            *(batch.batch_id, batch.source, batch.mode, status),
            *(batch.loaded_at, datetime.now(UTC), seconds),
            *(total.read, total.new, total.changed, total.removed, total.rejected),
            json.dumps(asdict(batch.rules)),
        ],
    )
    for result in results:
        counts = result.counts
        link.execute(
            "insert into raw._files values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                *(batch.batch_id, result.table, result.file, result.checksum, result.size),
                *(result.mode, result.status),
                *(counts.read, counts.new, counts.changed, counts.removed, counts.rejected),
                *(result.seconds, result.encoding),
            ],
        )


def already_landed(link: DuckDBPyConnection, file: FileResult) -> bool:
    """Whether this content is the last one landed for the table, in a mode that did as much."""
    last = link.execute(
        "select checksum, encoding, mode from raw._files where table_name = ?"
        " and status = 'landed' and mode <> 'append' order by batch_id desc limit 1",
        [file.table],
    ).fetchone()
    if last is None or file.mode == "append" or last[:2] != (file.checksum, file.encoding):
        return False
    return file.mode == "delta" or last[2] == "snapshot"
