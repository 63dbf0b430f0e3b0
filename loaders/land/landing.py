"""One batch: its files in one transaction, noted in the ledger from its beginning on."""

import time
from collections.abc import Callable
from dataclasses import replace

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from loaders.errors import LoaderError
from loaders.land import ledger
from loaders.land.batch import MODES, Batch, Rules, origin_of
from loaders.land.checksums import Checksums
from loaders.land.columns import add_columns
from loaders.land.failures import failed, note
from loaders.land.ledger import Counts, FileResult
from loaders.land.progress import Progress
from loaders.land.settle import settle
from loaders.land.write import write
from loaders.locks import exclusive
from loaders.sources import Delivery, SourceFile
from loaders.sources.text import UTF_8, canonical, remarks


def land_delivery(
    link: Connection,
    delivery: Delivery,
    *,
    mode: str = "delta",
    say: Callable[[str], None] = print,
    rules: Rules | None = None,
) -> Counts:
    """Land a delivery as one batch and one transaction on ``link``; see ``loaders.land.land``."""
    if mode not in MODES:
        raise LoaderError(f"mode must be one of {', '.join(MODES)}, not '{mode}'.")
    rules = rules or Rules()
    encoding = canonical(rules.encoding)
    if encoding != UTF_8:
        if delivery.is_utf_8:
            raise LoaderError(f"{delivery.source} is no file: leave out --encoding, it is known.")
        files = [file.named_encoding(encoding) for file in delivery.files]
        for file in files:
            is_utf8 = file.encoding == UTF_8
            say(f"{file.name}: {'UTF-8, and read as such' if is_utf8 else f'read as {encoding}'}")
        delivery = replace(delivery, files=files)
    _ = rules.allowance  # what is wrong with it is told before a file is read
    try:  # and what is wrong with a header before anything is locked or copied
        for file in delivery.files:
            for remark in remarks(file.header(), file.table):
                say(f"{file.name}: {remark}")
    except LoaderError as error:
        note(link, error, delivery.source, mode)
        raise
    with exclusive(link, lambda: wait_for_turn(rules, say)):
        batch_id, total = _land(link, delivery, mode, rules, say)
    say(f"batch {batch_id}: {total}")
    if total.rejected:
        say("the rejected rows: olist rejects")
    return total


def wait_for_turn(rules: Rules, say: Callable[[str], None]) -> None:
    """Say that another load is running. Raises LoaderError when the rules are not to wait."""
    if not rules.wait:
        raise LoaderError("another load is running; leave out --no-wait to wait for it.")
    say("another load is running: waiting for it to end")


def _land(
    link: Connection, delivery: Delivery, mode: str, rules: Rules, say: Callable[[str], None]
) -> tuple[int, Counts]:
    batch_id = ledger.begin(link, delivery.source, mode)
    try:
        with link.cursor() as cursor:
            loaded_at = ledger.open_batch(cursor, batch_id)
            batch = Batch(batch_id, delivery.source, mode, loaded_at, rules)
            size = sum(file.size for file in delivery.files)
            with Checksums(delivery.files) as checksums, Progress(size, say) as progress:
                results = [
                    _file(cursor, file, batch, checksums, progress, say) for file in delivery.files
                ]
            total = ledger.record(cursor, batch, results)
            delivery.remember(cursor, batch_id)
        link.commit()
    except BaseException as error:  # Ctrl-C too leaves a note, and nothing else
        shown = failed(link, batch_id, error)
        if shown is error:
            raise
        raise shown from error
    settle(link, [result.table for result in results if result.counts.anything])
    return batch_id, total


def _file(  # noqa: PLR0917 - what all files of a batch share
    cursor: Cursor,
    file: SourceFile,
    batch: Batch,
    checksums: Checksums,
    progress: Progress,
    say: Callable[[str], None],
) -> FileResult:
    started = time.perf_counter()
    checksum, size = checksums.of(file)
    mode = file.mode or batch.mode
    result = FileResult(file.table.name, file.name, checksum, size, mode, encoding=file.encoding)
    if ledger.already_landed(cursor, file.table, checksum, mode, file.encoding):
        result.status = "unchanged"
        progress.skip(file)
    else:
        for name in add_columns(cursor, file):
            say(f"  {file.table.name}: raw.{file.table.name} has a new column, {name}")
        origin = origin_of(file.name, checksum)
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
