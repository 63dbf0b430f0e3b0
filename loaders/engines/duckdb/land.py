"""Land a location in a DuckDB file: a batch is a transaction, as in PostgreSQL."""

import time
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from duckdb import DuckDBPyConnection

from loaders.engines.data import check_location
from loaders.engines.duckdb.incoming import drop_repeats, read
from loaders.engines.duckdb.ledger import already_landed, newest, record, transaction
from loaders.engines.duckdb.schema import ensure_schema
from loaders.engines.duckdb.write import write
from loaders.errors import LoaderError, redact
from loaders.lake.scratch import scratch
from loaders.land.ledger import MODES, Batch, Rules, origin_of
from loaders.land.checksums import measure
from loaders.land.ledger import Counts, FileResult
from loaders.sources import Request, SourceFile, deliver
from loaders.sources.text import canonical, remarks

Say = Callable[[str], None]
# Rows of a file that are left out: those that begin in these lines.
LeftOut = Callable[[SourceFile], AbstractSet[int]]


def land(
    link: DuckDBPyConnection,
    location: str,
    mode: str = "delta",
    *,
    tables: Sequence[str] = (),
    say: Say = print,
    rules: Rules | None = None,
    at: datetime | None = None,
) -> Counts:
    """Land what a location has (a folder, a zip, a CSV, files on S3) as one batch.

    ``at`` is the time of the batch, else it is now. Returns the rows read and written. Raises
    LoaderError, and leaves the file as it was, when anything is wrong.
    """
    rules = rules or Rules()
    _check(location, mode, rules)
    with deliver(location, tables, Request(mode=mode, say=say)) as delivery:
        for name in delivery.unknown:
            say(f"{name}: left out, no raw table takes it")
        encoding = canonical(rules.encoding)
        files = [replace(file, encoding=encoding) for file in delivery.files]
        for file in files:
            for remark in remarks(file.header(), file.table):
                say(f"{file.name}: {remark}")
        with transaction(link):
            ensure_schema(link)
        number = newest(link) + 1
        batch = Batch(number, redact(delivery.source), mode, at or datetime.now(UTC), rules)
        total = write_batch(link, batch, files, say)
    say(f"batch {number}: {total}")
    return total


def write_batch(
    link: DuckDBPyConnection,
    batch: Batch,
    files: Sequence[SourceFile],
    say: Say,
    *,
    left_out: LeftOut = lambda _: frozenset(),
    check: Callable[[Counts], None] = lambda _: None,
) -> Counts:
    """Read the files of a batch, then write them and its entries in the ledger, or nothing.

    ``check`` may raise on what came of it, before it is committed.
    """
    started = time.perf_counter()
    incoming = []
    with scratch() as folder:
        for file in files:
            incoming.append(_read(link, file, batch, folder, left_out(file)))
    with transaction(link):
        for file, result in zip(files, incoming, strict=True):
            _write(link, file, batch, result, say)
        total = sum((result.counts for result in incoming), Counts())
        record(link, batch, incoming, total, time.perf_counter() - started)
        check(total)
    return total


def _check(location: str, mode: str, rules: Rules) -> None:
    if mode not in MODES:
        raise LoaderError(f"mode must be one of {', '.join(MODES)}, not '{mode}'.")
    if rules.max_rejects != Rules.max_rejects:
        raise LoaderError(
            "--max-rejects is for PostgreSQL, which keeps the rejected rows; mend the file, or land"
            " it there with --archive and read that lake."
        )
    check_location(location)


def _read(
    link: DuckDBPyConnection,
    file: SourceFile,
    batch: Batch,
    folder: Path,
    left_out: AbstractSet[int],
) -> FileResult:
    started = time.perf_counter()
    checksum, size = measure(file)
    mode = file.mode or batch.mode
    result = FileResult(file.table.name, file.name, checksum, size, mode, encoding=file.encoding)
    if already_landed(link, result):
        result.status = "unchanged"
        return result
    rejected = len(left_out)
    if rejected and mode == "snapshot":
        result.mode = "delta"  # a row that was rejected is not a row that is gone
    rows = read(link, file, folder, left_out)
    if file.table.key:
        drop_repeats(link, file)
    result.counts = Counts(read=rows + rejected, rejected=rejected)
    result.seconds = time.perf_counter() - started
    return result


def _write(
    link: DuckDBPyConnection, file: SourceFile, batch: Batch, result: FileResult, say: Say
) -> None:
    if result.status == "unchanged":
        say(f"  {result.table}: unchanged")
        return
    started = time.perf_counter()
    origin = origin_of(file.name, result.checksum)
    result.counts += write(link, file, result.mode, batch, origin)
    result.seconds += time.perf_counter() - started
    say(f"  {result.table}: {result.counts}")
