"""What stopped a load, in a sentence, and its note in the ledger."""

from contextlib import suppress

import psycopg2
from psycopg2 import errors
from psycopg2.extensions import connection as Connection

from loaders.connection import exclusive
from loaders.errors import LoaderError, shown
from loaders.land import ledger

# The most special class first.
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


def failed(link: Connection, batch_id: int, error: BaseException) -> BaseException:
    """Roll the batch back, note it in the ledger where that is possible, and say what was wrong.

    Returns what to raise: a LoaderError, or for Ctrl-C and the like the error itself.
    """
    sentence = told(error)
    if not link.closed:
        try:
            link.rollback()
            reason = str(sentence) if isinstance(sentence, LoaderError) else "interrupted"
            ledger.record_failure(link, batch_id, reason)
        except psycopg2.Error:
            link.close()  # whatever stopped the load stops the note too; the first cause is told
    return sentence


def note(link: Connection, error: LoaderError, source: str, mode: str) -> None:
    """Note a load that stopped before it began, unless another one is running now."""
    with suppress(psycopg2.Error, LoaderError), exclusive(link, _busy):
        ledger.record_failure(link, ledger.begin(link, source, mode), str(error))


def _busy() -> None:
    raise LoaderError("another load is running.")


def named(location: str) -> str:
    """A location as the ledger may call it before its source has: without what may be secret."""
    scheme, found, _ = location.partition("://")
    return f"{scheme}://" if found else shown(location, limit=0)


def told(error: BaseException) -> BaseException:
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
            f"{where}{error.strerror or error}; mend that, and land it again: nothing was landed."
        )
    return error
