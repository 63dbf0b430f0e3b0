"""Land CSV files in schema ``raw``: the one call in which every source ends."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from pathlib import Path

import psycopg2
from psycopg2.extensions import connection as Connection

from loaders.connection import connect
from loaders.errors import LoaderError
from loaders.land.batch import Batch, Rules
from loaders.land.failures import named, note, told
from loaders.land.landing import land_delivery
from loaders.land.ledger import Counts, FileResult
from loaders.sources import Delivery, Request, deliver

# Wraps the landing of a delivery, and may change it.
Keeping = Callable[[Connection, Delivery, Callable[[str], None]], AbstractContextManager[Delivery]]

__all__ = ["Batch", "Counts", "FileResult", "Rules", "land", "land_delivery"]


def land(
    location: str | Path,
    mode: str = "delta",
    tables: Sequence[str] = (),
    say: Callable[[str], None] = print,
    rules: Rules | None = None,
    *,
    keeping: Keeping = lambda _, delivery, __: nullcontext(delivery),
) -> Counts:
    """Land what a location has (a folder, a zip, ``scheme://…``) as one batch.

    ``delta`` never removes a row; ``snapshot`` says that the files are complete, and marks the rows
    that they no longer have. ``tables`` limits the batch to these raw tables; ``keeping`` may wrap
    the landing. Returns the rows read and written. Raises LoaderError, and leaves the database as
    it was, when anything is wrong.
    """
    rules = rules or Rules()
    request = Request(mode=mode, wait=rules.wait, say=say)
    with ExitStack() as stack:
        try:
            delivery = stack.enter_context(deliver(str(location), tables, request))
        except LoaderError as error:
            with suppress(LoaderError), connect() as link:
                note(link, error, error.source or named(str(location)), mode)
            raise
        for name in delivery.unknown:
            say(f"{name}: left out, no raw table takes it")
        link = stack.enter_context(connect())
        try:
            with keeping(link, delivery, say) as kept:
                return land_delivery(link, kept, mode=mode, say=say, rules=rules)
        except psycopg2.Error as error:  # before the batch began, or after it was landed
            raise told(error) from error
