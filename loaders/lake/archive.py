"""``olist archive``: what the ledger has and the lake does not."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg2
from psycopg2.extensions import connection as Connection

from loaders.connection import ARCHIVING, connect, exclusive
from loaders.errors import LoaderError
from loaders.lake import history, manifest
from loaders.lake.manifest import Row
from loaders.lake.objects import parquet_writer, put_file
from loaders.lake.originals import OriginalError
from loaders.lake.scratch import scratch
from loaders.lake.store import Store, open_store


def archive(location: str, say: Callable[[str], None] = print) -> None:
    """Write every batch that the lake at ``location`` lacks; what it has is never written again.

    Raises LoaderError, after all that can be archived is, when a file is gone or was changed.
    """
    store = open_store(location)
    with connect() as link:
        try:
            problems = archive_missing(link, store, say)
        except psycopg2.Error as error:
            reason = " ".join(str(error).split())
            raise LoaderError(
                f"PostgreSQL stopped the archive: {reason}; repeat it, what is there stays."
            ) from error
    if problems:
        for problem in problems:
            say(str(problem))
        raise LoaderError(
            f"{len(problems)} of the landed files could not be archived; a replay from"
            f" {store.location} needs them."
        )


def archive_missing(
    link: Connection, store: Store, say: Callable[[str], None]
) -> list[OriginalError]:
    """Archive what the lake lacks; return what is wrong with the files that cannot be."""
    parquet_writer()

    def waiting() -> None:
        say("another archive is running: waiting for it to end")

    with exclusive(link, waiting, ARCHIVING), scratch() as folder:
        with link.cursor() as cursor:
            missing = history.to_archive(cursor, store)
        store.tidy()
        problems = [
            problem
            for batch_id in missing
            for problem in _batch(link, store, batch_id, folder, say)
        ]
    if not problems:
        say(f"{store.location}: has every batch" if missing else f"{store.location}: nothing new")
    return problems


def _batch(
    link: Connection, store: Store, batch_id: int, folder: Path, say: Callable[[str], None]
) -> list[OriginalError]:
    with link.cursor() as cursor:
        batch = manifest.of_ledger(cursor, batch_id)
    link.commit()  # no snapshot is held while files are sent
    problems: list[OriginalError] = []
    objects: list[Row] = []
    for row in batch.landed:
        try:
            objects += put_file(store, batch, row, folder)
        except OriginalError as error:
            problems.append(error)
    if problems:
        return problems
    if not manifest.write(store, replace(batch, objects=objects), folder):
        raise LoaderError(
            f"{store.location}: somebody else wrote its batch {batch_id} just now; a lake belongs"
            " to one database. Name another folder or prefix."
        )
    size = sum(entry["bytes"] for entry in objects)
    say(f"  batch {batch_id}: {len(batch.landed)} files, {size / 1e6:,.1f} MB")
    return []
