"""``olist replay``: ``raw`` from nothing, out of a lake, equal row for row."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from loaders.connection import connect, reason_of
from loaders.errors import LoaderError
from loaders.lake import history, manifest, packed, restore
from loaders.lake.manifest import Manifest, Row
from loaders.lake.originals import packed_file
from loaders.lake.scratch import scratch
from loaders.lake.store import Store, open_store
from loaders.land.ledger import origin_of
from loaders.land.columns import add_columns
from loaders.land.schema import ensure_schema
from loaders.land.settle import settle
from loaders.land.write import write
from loaders.locks import exclusive
from loaders.sources import SourceFile
from loaders.tables import BY_NAME


def replay(location: str, say: Callable[[str], None] = print) -> None:
    """Land every batch of a lake again, with its number, time, mode and rules.

    Raw has to be empty, or what an interrupted replay of this lake left: it goes on from there. A
    batch is a transaction, its rows and its entries in the ledger. Raises LoaderError, before
    anything is written, when the lake is damaged or raw holds batches of its own.
    """
    store = open_store(location)
    with connect() as link, exclusive(link, lambda: _waiting(say)), scratch() as folder:
        with link.cursor() as cursor:
            todo = history.to_replay(cursor, store)
        link.commit()  # no snapshot is held while the lake is read
        if not todo:
            say(f"{store.location}: raw has all of it")
            return
        say(f"checking {len(todo)} batches of {store.location}")
        tables = restore.check(store, todo)
        for batch_id in todo:
            _replay_batch(link, store, manifest.read(store, batch_id), folder, say)
        settle(link, tables & set(BY_NAME))
    say(f"replayed {len(todo)} batches from {store.location}")


def _waiting(say: Callable[[str], None]) -> None:
    say("a load is running: waiting for it to end")


def _replay_batch(
    link: Connection,
    store: Store,
    batch: Manifest,
    folder: Path,
    say: Callable[[str], None],
) -> None:
    try:
        with link.cursor() as cursor:
            ensure_schema(cursor)
            # An entry of the ledger may be named by a row that is written: it is there first.
            restore.ledger_rows(cursor, batch)
            for row in batch.landed:
                _replay_file(cursor, store, batch, row, folder)
            restore.rejected_rows(cursor, batch)
        link.commit()
    except psycopg2.Error as error:
        reason = reason_of(error)
        raise LoaderError(
            f"PostgreSQL stopped the replay at batch {batch.batch_id}: {reason}; the batches before"
            " it are in raw, and the same command goes on from there."
        ) from error
    say(f"  batch {batch.batch_id}: {batch.batch['status']}, {batch.batch['rows_read']:,} rows")


@contextmanager
def _reading(file: SourceFile) -> Iterator[IO[bytes]]:
    with file.open() as stream:
        yield file.as_utf8(stream)


def _replay_file(cursor: Cursor, store: Store, batch: Manifest, row: Row, folder: Path) -> None:
    key = packed.key_of(row, "csv.gz")
    content = folder / "content.csv.gz"
    packed.fetch(store, key, content)
    where = f"{store.location}/{key}"
    packed.verify(lambda: content.open("rb"), where, row["checksum"])
    file = packed_file(row, content, where)
    add_columns(cursor, file)
    origin = origin_of(row["file_name"], row["checksum"])
    found = write(cursor, file, lambda: _reading(file), batch.stamp, origin)
    ours = (found.new, found.changed, found.removed)
    theirs = (row["rows_new"], row["rows_changed"], row["rows_removed"])
    if ours != theirs:
        raise LoaderError(
            f"batch {batch.batch_id}, {row['file_name']}: the replay wrote"
            " {} new, {} changed, {} removed rows where the ledger has {}, {}, {}:".format(
                *ours, *theirs
            )
            + " raw was changed by hand before this batch. The replay ends with the batch before;"
            " to land all files as new batches instead, 'drop schema raw cascade' and"
            f" 'olist land {store.location}'."
        )
