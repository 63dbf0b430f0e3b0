"""Land CSV files in schema ``raw``: the one call in which every source ends."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import (
    AbstractContextManager,
    ExitStack,
    closing,
    contextmanager,
    nullcontext,
    suppress,
)
from dataclasses import replace
from pathlib import Path

import psycopg2
from psycopg2 import errors
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from loaders.alerts import landing, watched
from loaders.connection import connect, denied, exclusive
from loaders.errors import LoaderError, PassingError, shown
from loaders.land import ledger
from loaders.land.copy import Progress
from loaders.land.ledger import Batch, Counts, FileResult, Rules
from loaders.land.maintenance import in_two, maintain
from loaders.land.write import Load
from loaders.paths import sample_folder
from loaders.sources import Delivery, Request, SourceFile, deliver
from loaders.sources.text import UTF_8, canonical, header_warnings
from loaders.tables import TABLES

Say = Callable[[str], None]
# Wraps the landing of a delivery, and may change it.
Archiving = Callable[[Connection, Delivery, Say], AbstractContextManager[Delivery]]

__all__ = ["Archiving", "Batch", "Counts", "FileResult", "Rules", "land", "land_delivery"]

# What stopped PostgreSQL, the most special class first.
_SENTENCES = {
    errors.DiskFull: "the disk of PostgreSQL is full ({}); make room, and land it again",
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
    archiving: Archiving = lambda _, delivery, __: nullcontext(delivery),
    holder: Connection | None = None,
    whole: bool = False,
) -> Counts:
    """Land what a location has (a folder, a zip, ``scheme://…``) as one batch.

    ``delta`` never removes a row; ``snapshot`` says that the files are complete, and closes the
    rows that they no longer have. ``tables`` limits the batch to these raw tables; ``archiving``
    may wrap the landing; ``holder`` is a session that holds the source's locks already; a ``whole``
    landing has all nine tables. Returns the rows read and written. Raises LoaderError, and leaves
    the database as it was, when anything is wrong.
    """
    rules = rules or Rules()
    if mode not in {"delta", "snapshot"}:
        raise LoaderError(f"mode must be delta or snapshot, not '{mode}'.")
    rules.too_many(0)  # what is wrong with it is said before a file is read
    # Of a URL, before its source has said what the ledger may call it: without what is secret.
    source = f"{str(location).partition('://')[0]}://"
    with watched(landing(location)), _one_sentence(), ExitStack() as stack:
        try:
            request = Request(mode=mode, wait=rules.wait, say=say, holder=holder)
            delivery = stack.enter_context(deliver(str(location), tables, request))
            source = delivery.source
            if whole and (missing := _missing(delivery)):
                raise LoaderError(
                    f"{source}: lacks {', '.join(missing)}; a whole export has all nine files: add"
                    " them, or land some of them with 'olist land'."
                )
            for name in delivery.unknown:
                say(f"{name}: left out, no raw table takes it")
            # What is wrong with a header is said before anything is locked or copied.
            delivery = replace(delivery, files=_checked(delivery.files, rules, say))
        except LoaderError as error:
            if holder is None or not isinstance(error, PassingError):  # it is tried again
                with suppress(LoaderError), connect() as link:
                    _note(link, error, error.source or source, mode)
            raise
        if not delivery.files:
            say(f"{delivery.source}: nothing new")
            return Counts()
        link = stack.enter_context(connect())
        kept = stack.enter_context(archiving(link, delivery, say))
        return land_delivery(
            link,
            kept,
            mode=mode,
            say=say,
            rules=rules,
            # A lake has the sample's batch already, and would restore it.
            may_start_anew=kept is delivery,
        )


def _missing(delivery: Delivery) -> list[str]:
    """The files that a whole export has and this delivery lacks."""
    there = {file.table for file in delivery.files}
    return [table.file for table in TABLES if table not in there]


def _checked(files: Sequence[SourceFile], rules: Rules, say: Say) -> list[SourceFile]:
    """The files with their encodings and headers; what is unusual in them is said."""
    encoding = canonical(rules.encoding)
    if encoding != UTF_8:
        files = [file.named_encoding(encoding) for file in files]
    for file in files:
        if encoding != UTF_8:
            how = "UTF-8, and read as such" if file.encoding == UTF_8 else f"read as {encoding}"
            say(f"{file.name}: {how}")
        for warning in header_warnings(file.header(), file.table):
            say(f"{file.name}: {warning}")
    return list(files)


def land_delivery(
    link: Connection,
    delivery: Delivery,
    *,
    mode: str = "delta",
    say: Say = print,
    rules: Rules | None = None,
    may_start_anew: bool = True,
) -> Counts:
    """Land a delivery as one batch and one transaction on ``link``; see ``land``.

    A whole export that comes after nothing but our own sample begins a history of its own, if it
    ``may_start_anew``.
    """
    rules = rules or Rules()

    def wait_for_turn() -> None:
        if not rules.wait:
            raise LoaderError("another load is running; leave out --no-wait to wait for it.")
        say("another load is running: waiting for it to end")

    with exclusive(link, wait_for_turn):
        batch_id = ledger.begin(link, delivery.source, mode)
        size = sum(file.size for file in delivery.files)
        try:
            with closing(Progress(size, say)) as progress, link.cursor() as cursor:
                cursor.execute("select now()")
                (loaded_at,) = cursor.fetchone() or (None,)
                batch = Batch(batch_id, delivery.source, mode, loaded_at, rules)
                loads = [Load(file, batch, progress) for file in delivery.files]
                _stop_if_sample_is_mixed(cursor, delivery)
                starts_anew = may_start_anew and _replaces_sample(cursor, delivery)
                if starts_anew:
                    say("the sample and all beside it was removed: an export takes its place")
                total = _write(link, cursor, batch, loads, starts_anew=starts_anew)
                delivery.remember(cursor, batch_id)
            link.commit()
        except BaseException as error:  # Ctrl-C too leaves a note, and nothing else
            sentence = _sentence(error)
            try:
                link.rollback()
                reason = str(sentence) if isinstance(sentence, LoaderError) else "interrupted"
                ledger.record_failure(link, batch_id, reason)
            except psycopg2.Error:  # what stopped the load stops its note, too
                link.close()
            if sentence is error:
                raise
            raise sentence from error
        maintain(link, [load.table.name for load in loads if load.result.counts.anything])
    say(f"batch {batch_id}: {total}")
    if total.rejected:
        say("the rejected rows: olist rejects")
    return total


def _replaces_sample(cursor: Cursor, delivery: Delivery) -> bool:
    """Whether this is a whole export, and nothing but our own sample has landed before."""
    own = str(sample_folder())
    return delivery.source != own and not _missing(delivery) and ledger.sources(cursor) == [own]


def _stop_if_sample_is_mixed(cursor: Cursor, delivery: Delivery) -> None:
    """Raise LoaderError where our own sample would come beside data of others."""
    own = str(sample_folder())
    landed = ledger.sources(cursor) if delivery.source == own else []
    if landed and own not in landed:
        raise LoaderError(
            f"{own} has the synthetic files of make build, and raw has other data"
            f" ({landed[-1]}): nothing was landed. Land what you landed last, or use another"
            " database (PGDATABASE)."
        )


def _write(
    link: Connection, cursor: Cursor, batch: Batch, loads: Sequence[Load], *, starts_anew: bool
) -> Counts:
    """Write files and ledger; raw is emptied before where it ``starts_anew``.

    Two connections fill the tables that raw lacks before that.
    """
    there = ledger.raw_columns(cursor)
    link.commit()
    new = [load for load in loads if load.table.name not in there and load.file.mode != "changes"]
    new.sort(key=lambda load: -load.file.size)
    in_two(link, [load.initial for load in new])
    for load in new:
        if load.result.status:  # the batch's own transaction only gives it its name
            ledger.publish(cursor, load.table)
    ledger.ensure_tables(cursor)
    if starts_anew:
        ledger.forget(cursor, batch.batch_id)
    for load in loads:
        if not load.result.status:
            load.write(link)
    return ledger.record(cursor, batch, [load.result for load in loads])


def _note(link: Connection, error: LoaderError, source: str, mode: str) -> None:
    """Note a load that stopped before it began, unless another one is running now."""

    def busy() -> None:
        raise LoaderError("another load is running.")

    with suppress(psycopg2.Error, LoaderError), exclusive(link, busy):
        ledger.record_failure(link, ledger.begin(link, source, mode), str(error))


@contextmanager
def _one_sentence() -> Iterator[None]:
    """Raise an error of PostgreSQL as LoaderError, in one sentence."""
    try:
        yield
    except psycopg2.Error as error:
        raise _sentence(error) from error


def _sentence(error: BaseException) -> BaseException:
    """Say in one sentence what stopped a load; what is no error of it comes back as it is."""
    if isinstance(error, psycopg2.Error):
        reason = shown(error.diag.message_primary or str(error).strip().partition("\n")[0], 200)
        # Connection exceptions, and a server that shuts down or ends the session. It may be lost
        # when everything was written and only the answer was missing.
        if error.pgcode is None or error.pgcode.startswith(("08", "57P")):
            return PassingError(
                f"the connection to PostgreSQL was lost ({reason}); land it again when the server"
                " answers: what has landed is not landed twice."
            )
        if isinstance(error, errors.InsufficientPrivilege):
            return LoaderError(f"{denied(error)}; nothing of it was landed.")
        form = next(form for kind, form in _SENTENCES.items() if isinstance(error, kind))
        return LoaderError(f"{form.format(reason)}; nothing of it was landed.")
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return LoaderError(
            f"{where}{error.strerror or error}; fix that, and land it again: nothing was landed."
        )
    return error
