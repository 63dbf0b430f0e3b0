"""Land CSV files in schema ``raw``: the one call in which every source ends."""

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from dataclasses import replace
from pathlib import Path

import psycopg2
from psycopg2 import errors
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from loaders.connection import connect, exclusive
from loaders.errors import LoaderError, shown
from loaders.land import ledger
from loaders.land.copy import Progress
from loaders.land.ledger import MODES, Batch, Counts, FileResult, Rules
from loaders.land.maintenance import maintain
from loaders.land.write import write
from loaders.sources import Delivery, Request, SourceFile, deliver
from loaders.sources.text import UTF_8, canonical, remarks

Say = Callable[[str], None]
# Wraps the landing of a delivery, and may change it.
Keeping = Callable[[Connection, Delivery, Say], AbstractContextManager[Delivery]]

__all__ = ["Batch", "Counts", "FileResult", "Keeping", "Rules", "land", "land_delivery"]

# What stopped PostgreSQL, the most special class first.
_SENTENCES: tuple[tuple[type[psycopg2.Error], str], ...] = (
    (errors.DiskFull, "the disk of PostgreSQL is full ({reason}); make room, and land it again"),
    (
        errors.InsufficientPrivilege,
        "this database user may not do that ({reason}); use one that may write schema raw",
    ),
    (
        errors.ReadOnlySqlTransaction,
        "this server only reads ({reason}); land on its primary",
    ),
    (errors.QueryCanceled, "PostgreSQL stopped the load ({reason}); land it again"),
    (psycopg2.Error, "PostgreSQL stopped the load: {reason}"),
)
# Connection exceptions, and a server that shuts down or ends the session.
_LOST_CLASSES = ("08", "57P")
# It may be lost when everything was written and only the answer was missing.
_LOST = (
    "the connection to PostgreSQL was lost ({reason}); land it again when the server answers:"
    " what has landed is not landed twice."
)


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
                _note(link, error, error.source or _named(str(location)), mode)
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
    if mode not in MODES:
        raise LoaderError(f"mode must be one of {', '.join(MODES)}, not '{mode}'.")
    encoding = canonical(rules.encoding)
    if encoding != UTF_8 and delivery.is_utf_8:
        raise LoaderError(f"{delivery.source} is no file: leave out --encoding, it is known.")
    _ = rules.allowance  # what is wrong with it is said before a file is read
    try:  # and what is wrong with a header before anything is locked or copied
        files = list(delivery.files)
        if encoding != UTF_8:
            files = [file.named_encoding(encoding) for file in files]
        for file in files:
            if encoding != UTF_8:
                say(f"{file.name}: read as {file.encoding.upper()}")
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
        with link.cursor() as cursor:
            cursor.execute("select now()")
            (loaded_at,) = cursor.fetchone() or (None,)
            batch = Batch(batch_id, delivery.source, mode, loaded_at, rules)
            with Progress(sum(file.size for file in delivery.files), say) as progress:
                results = [_file(cursor, file, batch, progress, say) for file in delivery.files]
            ledger.ensure_tables(cursor)
            total = ledger.record(cursor, batch, results)
            delivery.remember(cursor, batch_id)
        link.commit()
    except BaseException as error:  # Ctrl-C too leaves a note, and nothing else
        sentence = _failed(link, batch_id, error)
        if sentence is error:
            raise
        raise sentence from error
    maintain(link, [result.table for result in results if result.counts.anything])
    return batch_id, total


def _file(
    cursor: Cursor, file: SourceFile, batch: Batch, progress: Progress, say: Say
) -> FileResult:
    started = time.perf_counter()
    mode = file.mode or batch.mode
    result = FileResult(file.table.name, file.name, mode, file.encoding)
    if _is_unchanged(cursor, file, batch, result):
        result.status = "unchanged"
    else:
        for remark in write(cursor, file, batch, progress, result):
            say(f"  {file.table.name}: {remark}")
        if not result.counts.read:
            say(f"  {file.table.name}: {file.name} has a header and no row")
    result.seconds = round(time.perf_counter() - started, 3)
    progress.done(file, result)
    return result


def _is_unchanged(cursor: Cursor, file: SourceFile, batch: Batch, result: FileResult) -> bool:
    """Whether the table's last landed file was the same; the result gets checksums and size.

    An archive's own bytes say so without unpacking. A file of another size is not read for it.
    """
    marker = batch.rules.null_marker
    last = ledger.last_landed(cursor, file.table, result.mode, file.encoding, marker)
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


def _failed(link: Connection, batch_id: int, error: BaseException) -> BaseException:
    """Roll the batch back, note it in the ledger where that is possible, and say what was wrong.

    Returns what to raise: a LoaderError, or for Ctrl-C and the like the error itself.
    """
    sentence = _sentence(error)
    if not link.closed:
        try:
            link.rollback()
            reason = str(sentence) if isinstance(sentence, LoaderError) else "interrupted"
            ledger.record_failure(link, batch_id, reason)
        except psycopg2.Error:
            link.close()  # whatever stopped the load stops the note too; the first cause is told
    return sentence


def _note(link: Connection, error: LoaderError, source: str, mode: str) -> None:
    """Note a load that stopped before it began, unless another one is running now."""

    def busy() -> None:
        raise LoaderError("another load is running.")

    with suppress(psycopg2.Error, LoaderError), exclusive(link, busy):
        ledger.record_failure(link, ledger.begin(link, source, mode), str(error))


def _named(location: str) -> str:
    """A location as the ledger may call it before its source has: without what may be secret."""
    scheme, found, _ = location.partition("://")
    return f"{scheme}://" if found else shown(location, limit=0)


def _sentence(error: BaseException) -> BaseException:
    """Say in one sentence what stopped a load; what is no error of it comes back as it is."""
    if isinstance(error, psycopg2.Error):
        reason = shown(error.diag.message_primary or str(error).strip().partition("\n")[0], 200)
        if error.pgcode is None or error.pgcode.startswith(_LOST_CLASSES):
            return LoaderError(_LOST.format(reason=reason))
        form = next(say for kind, say in _SENTENCES if isinstance(error, kind))
        return LoaderError(f"{form.format(reason=reason)}; nothing of it was landed.")
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return LoaderError(
            f"{where}{error.strerror or error}; fix that, and land it again: nothing was landed."
        )
    return error
