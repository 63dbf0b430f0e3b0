"""Land CSV files in schema ``raw``: the one call in which every source ends."""

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import psycopg2
from psycopg2 import errors
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from loaders.connection import connect, exclusive
from loaders.errors import LoaderError, shown
from loaders.land import ledger
from loaders.land.copy import Progress
from loaders.land.ledger import Batch, Counts, FileResult, Rules
from loaders.land.maintenance import in_two, maintain
from loaders.land.write import stage, write
from loaders.sources import Delivery, Request, SourceFile, deliver
from loaders.sources.text import UTF_8, canonical, remarks
from loaders.tables import BY_NAME

Say = Callable[[str], None]
# Wraps the landing of a delivery, and may change it.
Keeping = Callable[[Connection, Delivery, Say], AbstractContextManager[Delivery]]

__all__ = ["Batch", "Counts", "FileResult", "Keeping", "Rules", "land", "land_delivery"]

# What stopped PostgreSQL, the most special class first.
_SENTENCES = {
    errors.DiskFull: "the disk of PostgreSQL is full ({}); make room, and land it again",
    errors.InsufficientPrivilege: "this database user may not do that ({});"
    " use one that may write schema raw",
    errors.ReadOnlySqlTransaction: "this server only reads ({}); land on its primary",
    errors.QueryCanceled: "PostgreSQL stopped the load ({}); land it again",
    psycopg2.Error: "PostgreSQL stopped the load: {}",
}


def land(
    location: str | Path,
    mode: str = "delta",
    tables: Sequence[str] = (),
    say: Say = print,
    rules: Rules | None = None,
    *,
    keeping: Keeping = lambda _, delivery, __: nullcontext(delivery),
) -> Counts:
    """Land what a location has (a folder, a zip, ``scheme://…``) as one batch.

    ``delta`` never removes a row; ``snapshot`` says that the files are complete, and closes the
    rows that they no longer have. ``tables`` limits the batch to these raw tables; ``keeping`` may
    wrap the landing. Returns the rows read and written. Raises LoaderError, and leaves the database
    as it was, when anything is wrong.
    """
    rules = rules or Rules()
    with ExitStack() as stack:
        try:
            request = Request(mode=mode, wait=rules.wait, say=say)
            delivery = stack.enter_context(deliver(str(location), tables, request))
        except LoaderError as error:
            with suppress(LoaderError), connect() as link:
                # Before its source has said what the ledger may call it: without what is secret.
                scheme, found, _ = str(location).partition("://")
                name = f"{scheme}://" if found else shown(str(location), limit=0)
                _note(link, error, error.source or name, mode)
            raise
        for name in delivery.unknown:
            say(f"{name}: left out, no raw table takes it")
        if not delivery.files:
            say(f"{delivery.source}: nothing new")
            return Counts()
        link = stack.enter_context(connect())
        try:
            with keeping(link, delivery, say) as kept:
                return land_delivery(link, kept, mode=mode, say=say, rules=rules)
        except psycopg2.Error as error:  # before the batch began, or after it was landed
            raise _sentence(error) from error


def land_delivery(
    link: Connection,
    delivery: Delivery,
    *,
    mode: str = "delta",
    say: Say = print,
    rules: Rules | None = None,
) -> Counts:
    """Land a delivery as one batch and one transaction on ``link``; see ``land``."""
    rules = rules or Rules()
    if mode not in {"delta", "snapshot"}:
        raise LoaderError(f"mode must be delta or snapshot, not '{mode}'.")
    encoding = canonical(rules.encoding)
    if encoding != UTF_8 and delivery.is_utf_8:
        raise LoaderError(f"{delivery.source} is no file: leave out --encoding, it is known.")
    rules.too_many(0)  # what is wrong with it is said before a file is read
    try:  # and what is wrong with a header before anything is locked or copied
        files = list(delivery.files)
        if encoding != UTF_8:
            files = [file.named_encoding(encoding) for file in files]
        for file in files:
            if encoding != UTF_8:
                how = "UTF-8, and read as such" if file.encoding == UTF_8 else f"read as {encoding}"
                say(f"{file.name}: {how}")
            for remark in remarks(file.header(), file.table):
                say(f"{file.name}: {remark}")
    except LoaderError as error:
        _note(link, error, delivery.source, mode)
        raise

    def wait_for_turn() -> None:
        if not rules.wait:
            raise LoaderError("another load is running; leave out --no-wait to wait for it.")
        say("another load is running: waiting for it to end")

    with exclusive(link, wait_for_turn):
        batch_id, total = _land(link, replace(delivery, files=files), mode, rules, say)
    say(f"batch {batch_id}: {total}")
    if total.rejected:
        say("the rejected rows: olist rejects")
    return total


def _land(
    link: Connection, delivery: Delivery, mode: str, rules: Rules, say: Say
) -> tuple[int, Counts]:
    batch_id = ledger.begin(link, delivery.source, mode)
    try:
        size = sum(file.size for file in delivery.files)
        with link.cursor() as cursor, closing(Progress(size, say)) as progress:
            cursor.execute("select now()")
            (loaded_at,) = cursor.fetchone() or (None,)
            batch = Batch(batch_id, mode, loaded_at, rules)
            staged = _stage(link, delivery, batch, progress)
            results = [
                result
                for file in delivery.files
                if (result := staged.get(file.table.name))
                or (result := _file(write, file, batch, progress, link))
            ]
            for name in staged:
                ledger.publish(cursor, BY_NAME[name])
            ledger.ensure_tables(cursor)
            total = ledger.record(cursor, batch, results)
            delivery.remember(cursor, batch_id)
        link.commit()
    except BaseException as error:  # Ctrl-C too leaves a note, and nothing else
        sentence = _sentence(error)
        try:
            link.rollback()
            reason = str(sentence) if isinstance(sentence, LoaderError) else "interrupted"
            ledger.record_failure(link, batch_id, reason)
            ledger.drop_staged(link)
        except psycopg2.Error:  # what stopped the load stops its note, too
            link.close()
        if sentence is error:
            raise
        raise sentence from error
    maintain(link, [result.table for result in results if result.counts.anything])
    return batch_id, total


def _stage(
    link: Connection, delivery: Delivery, batch: Batch, progress: Progress
) -> dict[str, FileResult]:
    """Load the files of tables that raw lacks by two connections, before the batch's transaction.

    It then only has to give these tables their names. The files of a database are left out, as
    one connection reads them, and so are those that PostgreSQL refuses.
    """
    with link.cursor() as cursor:
        there = ledger.raw_columns(cursor)
    link.commit()
    results: dict[str, FileResult] = {}

    def load(file: SourceFile, link: Connection) -> None:
        if result := _file(stage, file, batch, progress, link):
            results[result.table] = result

    fresh = [file for file in delivery.files if file.table.name not in there]
    if len(fresh) > 1 and not delivery.is_utf_8:
        fresh.sort(key=lambda file: -file.size)
        in_two(link, [partial(load, file) for file in fresh])
    return results


def _file(
    writing: Callable[[Cursor, SourceFile, Batch, Progress, FileResult], list[str] | None],
    file: SourceFile,
    batch: Batch,
    progress: Progress,
    link: Connection,
) -> FileResult | None:
    """Land a file by ``write`` or ``stage``; None where it cannot be staged."""
    started, table = time.perf_counter(), file.table.name
    result = FileResult(table, file.name, file.mode or batch.mode, file.encoding)
    with link.cursor() as cursor:
        if _is_unchanged(cursor, file, batch.rules, result):
            result.status = "unchanged"
            progress.advance(file.size, table)
        else:
            remarks = writing(cursor, file, batch, progress, result)
            if remarks is None:
                return None
            for remark in remarks:
                progress.say(f"  {table}: {remark}")
            if not result.counts.read:
                progress.say(f"  {table}: {file.name} has a header and no row")
    seconds = result.seconds = round(time.perf_counter() - started, 3)
    if result.status == "unchanged":
        progress.say(f"  {table}: same as last time ({seconds:.1f} s)")
    else:
        rate = result.counts.read / max(seconds, 0.001)
        progress.say(f"  {table}: {result.counts} ({seconds:.1f} s, {rate:,.0f} rows/s)")
    return result


def _is_unchanged(cursor: Cursor, file: SourceFile, rules: Rules, result: FileResult) -> bool:
    """Whether the table's last landed file was the same; the result gets checksums and size.

    An archive's own bytes say so without unpacking. A file of another size is not read for it.
    """
    last = ledger.last_landed(cursor, result, rules.null_marker)
    if file.packed_checksum is not None:
        result.archive_checksum = file.packed_checksum()
        if last and result.archive_checksum in last.archive_checksums:
            result.checksum, result.size = last.checksum, last.size
            return True
    if (last and last.size == file.size) or file.encoding != UTF_8:
        digest = hashlib.sha256()
        with file.open() as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
                result.size += len(block)
        result.checksum = digest.hexdigest()
    return last is not None and result.checksum == last.checksum


def _note(link: Connection, error: LoaderError, source: str, mode: str) -> None:
    """Note a load that stopped before it began, unless another one is running now."""

    def busy() -> None:
        raise LoaderError("another load is running.")

    with suppress(psycopg2.Error, LoaderError), exclusive(link, busy):
        ledger.record_failure(link, ledger.begin(link, source, mode), str(error))


def _sentence(error: BaseException) -> BaseException:
    """Say in one sentence what stopped a load; what is no error of it comes back as it is."""
    if isinstance(error, psycopg2.Error):
        reason = shown(error.diag.message_primary or str(error).strip().partition("\n")[0], 200)
        # Connection exceptions, and a server that shuts down or ends the session. It may be lost
        # when everything was written and only the answer was missing.
        if error.pgcode is None or error.pgcode.startswith(("08", "57P")):
            return LoaderError(
                f"the connection to PostgreSQL was lost ({reason}); land it again when the server"
                " answers: what has landed is not landed twice."
            )
        form = next(form for kind, form in _SENTENCES.items() if isinstance(error, kind))
        return LoaderError(f"{form.format(reason)}; nothing of it was landed.")
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return LoaderError(
            f"{where}{error.strerror or error}; fix that, and land it again: nothing was landed."
        )
    return error
