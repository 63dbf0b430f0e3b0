"""``olist land … --archive``: into the lake while the bytes are at hand.

The files are put before the batch commits, so that no landed row is without its file, whatever
happens next; of a batch that does not commit they remain as objects that no manifest names. What
tells of the batch (Parquet with its stamps, manifest) comes after the commit, by this process or,
had it no chance to, by the next archive.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from loaders.lake import history, packed
from loaders.lake.archive import archive_missing
from loaders.lake.manifest import Row
from loaders.lake.objects import parquet_writer
from loaders.lake.originals import pack_source
from loaders.lake.scratch import scratch
from loaders.lake.store import Store, named_lake, open_store
from loaders.land import Keeping
from loaders.sources import Delivery

Say = Callable[[str], None]


def keeping(location: str | None = None) -> Keeping:
    """Return what wraps a landing so that it ends in a lake too.

    The lake is the one at ``location``, else the one of OLIST_LAKE, else there is none. Landing
    raises LoaderError, before anything is landed, when the lake cannot be used.
    """
    location = named_lake(location)
    if location is None:
        return lambda _, delivery, __: nullcontext(delivery)

    @contextmanager
    def keep(link: Connection, delivery: Delivery, say: Say) -> Iterator[Delivery]:
        store = open_store(location)
        parquet_writer()
        with link.cursor() as cursor:
            history.to_archive(cursor, store)
        link.commit()

        def remember(cursor: Cursor, batch_id: int) -> None:
            delivery.remember(cursor, batch_id)
            _put_files(store, delivery, cursor, batch_id)

        yield replace(delivery, remember=remember)
        for problem in archive_missing(link, store, say):
            say(f"not archived: {problem}")  # of earlier batches: this one's files are there

    return keep


def _put_files(store: Store, delivery: Delivery, cursor: Cursor, batch_id: int) -> None:
    cursor.execute(
        "select to_jsonb(file) from raw._files as file where batch_id = %s and status = 'landed'",
        (batch_id,),
    )
    rows: dict[str, Row] = {row["table_name"]: row for (row,) in cursor.fetchall()}
    with scratch() as folder:
        for file in delivery.files:
            row = rows.get(file.table.name)
            key = packed.key_of(row, "csv.gz") if row else None
            if row is None or key is None or store.size(key) is not None:
                continue
            content = folder / "content.csv.gz"
            pack_source(file, delivery.source, row, content)
            store.put(key, content)
