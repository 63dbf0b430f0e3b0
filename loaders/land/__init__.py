"""Land CSV files in schema ``raw``: the one call in which every source ends."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from loaders.connection import connect
from loaders.errors import LoaderError
from loaders.land import ledger
from loaders.land.batch import MODES, Batch, Rules
from loaders.land.ledger import Counts, FileResult
from loaders.land.progress import Progress
from loaders.land.schema import ensure_schema
from loaders.land.write import write
from loaders.sources import Delivery, Request, SourceFile, deliver

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
    with deliver(str(location), tables, request) as delivery:
        for name in delivery.unknown:
            say(f"{name}: left out, no raw table takes it")
        with connect() as link:
            return land_delivery(link, delivery, mode=mode, say=say, rules=rules)


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
    for file in delivery.files:
        file.header()  # what is wrong with a header is told before anything is locked or copied
    with ledger.exclusive(link, lambda: _wait(rules, say)):
        try:
            batch, results, total = _batch(link, delivery, mode, rules, say)
            link.commit()
        except (LoaderError, psycopg2.Error) as error:
            raise _failed(link, error, delivery.source, mode) from error
        _analyze(link, [result.table for result in results if result.counts.anything])
    say(f"batch {batch.batch_id}: {total}")
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
            results = [_file(cursor, file, batch, progress) for file in delivery.files]
        total = ledger.record(cursor, batch_id, delivery.source, mode, results)
        delivery.remember(cursor, batch_id)
    return batch, results, total


def _failed(
    link: Connection, error: LoaderError | psycopg2.Error, source: str, mode: str
) -> LoaderError:
    """Roll the batch back, note it in the ledger where that is possible, and say what was wrong."""
    if isinstance(error, psycopg2.Error):
        reason = (error.diag.message_primary or str(error)).strip()
        error = LoaderError(f"PostgreSQL stopped the load: {reason}; nothing of it was landed.")
    if not link.closed:
        try:
            link.rollback()
            ledger.record_failure(link, source, mode, str(error))
        except psycopg2.Error:
            link.close()  # whatever stopped the load stops the note too; the first cause is told
    return error


def _file(cursor: Cursor, file: SourceFile, batch: Batch, progress: Progress) -> FileResult:
    started = time.perf_counter()
    checksum = file.checksum()
    mode = file.mode or batch.mode
    result = FileResult(file.table.name, file.name, checksum, file.size, mode)
    if ledger.already_landed(cursor, file.table, checksum, mode):
        result.status = "unchanged"
        progress.skip(file)
    else:
        origin = f"{file.name}#{checksum[:12]}"
        try:
            with progress.reading(file) as stream:
                result.counts = write(cursor, file, stream, batch, origin)
        except psycopg2.DataError as error:
            raise LoaderError(_refused(file, error)) from error
    result.seconds = time.perf_counter() - started
    progress.done(result)
    return result


def _refused(file: SourceFile, error: psycopg2.Error) -> str:
    """Say in one sentence which line COPY refused, and why."""
    context = (error.diag.context or "").split(":")[0].split(", ", 1)
    where = f", {context[1]}" if len(context) > 1 else ""
    reason = error.diag.message_primary or str(error).strip()
    return f"{file.name}{where}: {reason}; mend the file and land it again."


def _analyze(link: Connection, tables: Sequence[str]) -> None:
    """Refresh the planner's statistics; autovacuum would, but only after the next dbt run began."""
    with link.cursor() as cursor:
        for table in tables:
            cursor.execute(sql.SQL("analyze {}").format(sql.Identifier("raw", table)))
    link.commit()
