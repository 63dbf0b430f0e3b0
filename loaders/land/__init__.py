"""Land CSV files in schema ``raw``: the one call in which every source ends."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from loaders.connection import connect
from loaders.errors import LoaderError
from loaders.land import ledger
from loaders.land.batch import MODES, Batch, Rules
from loaders.land.columns import add_columns
from loaders.land.failures import failed, named, note, told
from loaders.land.ledger import Counts, FileResult
from loaders.land.progress import Progress
from loaders.land.schema import ensure_schema
from loaders.land.write import write
from loaders.sources import Delivery, Request, SourceFile, deliver
from loaders.sources.encodings import UTF_8, canonical
from loaders.sources.header import remarks

__all__ = ["Batch", "Counts", "FileResult", "Rules", "land", "land_delivery"]


def land(
    location: str | Path,
    mode: str = "delta",
    tables: Sequence[str] = (),
    say: Callable[[str], None] = print,
    rules: Rules | None = None,
) -> Counts:
    """Land what a location has (a folder, a zip, ``scheme://…``) as one batch.

    ``delta`` never removes a row; ``snapshot`` says that the files are complete, and marks the rows
    that they no longer have. ``tables`` limits the batch to these raw tables. Returns the rows read
    and written. Raises LoaderError, and leaves the database as it was, when anything is wrong.
    """
    rules = rules or Rules()
    request = Request(mode=mode, wait=rules.wait, say=say)
    with ExitStack() as stack:
        try:
            delivery = stack.enter_context(deliver(str(location), tables, request))
        except LoaderError as error:
            with suppress(LoaderError), connect() as link:
                note(link, error, named(str(location)), mode)
            raise
        for name in delivery.unknown:
            say(f"{name}: left out, no raw table takes it")
        link = stack.enter_context(connect())
        try:
            return land_delivery(link, delivery, mode=mode, say=say, rules=rules)
        except psycopg2.Error as error:  # before the batch began, or after it was landed
            raise told(link, error) from error


def land_delivery(
    link: Connection,
    delivery: Delivery,
    *,
    mode: str = "delta",
    say: Callable[[str], None] = print,
    rules: Rules | None = None,
) -> Counts:
    """Land a delivery as one batch and one transaction on ``link``; see ``land``."""
    if mode not in MODES:
        raise LoaderError(f"mode must be one of {', '.join(MODES)}, not '{mode}'.")
    rules = rules or Rules()
    encoding = canonical(rules.encoding)
    if encoding != UTF_8:
        files = [replace(file, encoding=encoding) for file in delivery.files]
        delivery = replace(delivery, files=files)
    _ = rules.allowance  # what is wrong with it is told before a file is read
    try:  # and what is wrong with a header before anything is locked or copied
        for file in delivery.files:
            for remark in remarks(file.header(), file.table):
                say(f"{file.name}: {remark}")
    except LoaderError as error:
        note(link, error, delivery.source, mode)
        raise
    with ledger.exclusive(link, lambda: _wait(rules, say)):
        try:
            batch, results, total = _batch(link, delivery, mode, rules, say)
            link.commit()
        except BaseException as error:  # Ctrl-C too leaves a note, and nothing else
            found = failed(link, error, delivery.source, mode)
            if found is error:
                raise
            raise found from error
        _analyze(link, [result.table for result in results if result.counts.anything])
    say(f"batch {batch.batch_id}: {total}")
    if total.rejected:
        say("the rejected rows: olist rejects")
    return total


def _wait(rules: Rules, say: Callable[[str], None]) -> None:
    if not rules.wait:
        raise LoaderError("another load is running; leave out --no-wait to wait for it.")
    say("another load is running: waiting for it to end")


def _batch(
    link: Connection, delivery: Delivery, mode: str, rules: Rules, say: Callable[[str], None]
) -> tuple[Batch, list[FileResult], Counts]:
    with link.cursor() as cursor:
        ensure_schema(cursor)
        batch_id, loaded_at = ledger.next_batch(cursor)
        batch = Batch(batch_id, delivery.source, mode, loaded_at, rules)
        with Progress(sum(file.size for file in delivery.files), say) as progress:
            results = [_file(cursor, file, batch, progress, say) for file in delivery.files]
        total = ledger.record(cursor, batch_id, delivery.source, mode, results)
        delivery.remember(cursor, batch_id)
    return batch, results, total


def _file(
    cursor: Cursor,
    file: SourceFile,
    batch: Batch,
    progress: Progress,
    say: Callable[[str], None],
) -> FileResult:
    started = time.perf_counter()
    checksum, size = file.measure()
    mode = file.mode or batch.mode
    result = FileResult(file.table.name, file.name, checksum, size, mode, encoding=file.encoding)
    if ledger.already_landed(cursor, file.table, checksum, mode, file.encoding):
        result.status = "unchanged"
        progress.skip(file)
    else:
        for name in add_columns(cursor, file):
            say(f"  {file.table.name}: raw.{file.table.name} has a new column, {name}")
        origin = f"{file.name}#{checksum[:12]}"
        result.counts = write(cursor, file, lambda: progress.reading(file), batch, origin)
        if not result.counts.read:
            say(f"  {file.table.name}: {file.name} has a header and no row")
        if result.counts.rejected and mode == "snapshot":
            # It did what a delta does, and the ledger says so: the whole file can land again.
            result.mode = "delta"
            say(f"  {file.table.name}: rows were rejected, so none is marked as removed")
    result.seconds = time.perf_counter() - started
    progress.done(result)
    return result


def _analyze(link: Connection, tables: Sequence[str]) -> None:
    """Refresh the planner's statistics; autovacuum would, but only after the next dbt run began."""
    with link.cursor() as cursor:
        for table in tables:
            cursor.execute(sql.SQL("analyze {}").format(sql.Identifier("raw", table)))
    link.commit()
