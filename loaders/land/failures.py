"""What stopped a load, in a sentence, and its note in the ledger."""

from contextlib import suppress

import psycopg2
from psycopg2 import errors
from psycopg2.extensions import connection as Connection

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
_LOST = "the connection to PostgreSQL was lost ({reason}); land it again when the server answers"


def failed(link: Connection, error: BaseException, source: str, mode: str) -> BaseException:
    """Roll the batch back, note it in the ledger where that is possible, and say what was wrong.

    Returns what to raise: a LoaderError, or for Ctrl-C and the like the error itself.
    """
    found = error
    if isinstance(error, psycopg2.Error):
        found = told(link, error)
    elif isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        found = LoaderError(
            f"{where}{error.strerror or error}; mend that, and land it again: nothing was landed."
        )
    if not link.closed:
        try:
            link.rollback()
            what = str(found) if isinstance(found, LoaderError) else "interrupted"
            ledger.record_failure(link, source, mode, what)
        except psycopg2.Error:
            link.close()  # whatever stopped the load stops the note too; the first cause is told
    return found


def note(link: Connection, error: LoaderError, source: str, mode: str) -> None:
    """Note a load that stopped before it began, unless another one is running now."""
    with suppress(psycopg2.Error, LoaderError), ledger.exclusive(link, _busy):
        ledger.record_failure(link, source, mode, str(error))


def _busy() -> None:
    raise LoaderError("another load is running.")


def named(location: str) -> str:
    """A location as the ledger may call it before its source has: without what may be secret."""
    scheme, found, _ = location.partition("://")
    return f"{scheme}://" if found else shown(location, limit=0)


def told(link: Connection, error: psycopg2.Error) -> LoaderError:
    """What PostgreSQL said, in a sentence, and what to do about it."""
    reason = shown(error.diag.message_primary or str(error).strip().partition("\n")[0], 200)
    form = next(say for kind, say in _SENTENCES if isinstance(error, kind))
    form = _LOST if link.closed else form
    return LoaderError(f"{form.format(reason=reason)}; nothing of it was landed.")
