"""``s3://bucket/prefix/``: CSV files or a zip on S3; a lake there, or in a folder.

Files are fetched first and landed as those of a folder: what is wrong with them is told alike, and
no transaction waits for a network. Of a lake, each batch is landed as one, in order; the ledger's
``source`` tells the next landing where to go on.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from loaders.connection import connect
from loaders.errors import LoaderError
from loaders.lake import history, manifest, packed
from loaders.lake.manifest import Manifest
from loaders.lake.originals import packed_file
from loaders.lake.scratch import scratch
from loaders.lake.store import Store, open_store
from loaders.sources.delivery import Delivery
from loaders.sources.files import find_files
from loaders.sources.request import Request

_BATCH = re.compile(r"(.+)/_batches/batch=(\d+)\.json")
_LANDABLE = (".csv", ".csv.gz")


@contextmanager
def deliver(location: str, only: Sequence[str], _: Request) -> Iterator[Delivery]:
    """Deliver what lies at a location: a zip, CSV files, a batch of a lake, a lake's next batch."""
    with scratch() as folder:
        if found := _BATCH.fullmatch(location):
            store = open_store(found[1])
            yield _batch(store, manifest.read(store, int(found[2])), only, folder)
        elif location.endswith((".zip", *_LANDABLE)):
            yield _one(location, only, folder)
        elif (store := open_store(location)) and manifest.batches_in(store):
            yield _next(store, only, folder)
        else:
            yield _files(store, only, folder)


def _one(location: str, only: Sequence[str], folder: Path) -> Delivery:
    above, _, name = location.rpartition("/")
    packed.fetch(open_store(above), name, folder / name)
    return _as_local(folder / name, location, only)


def _files(store: Store, only: Sequence[str], folder: Path) -> Delivery:
    for key in store.keys(deep=False):
        if key.endswith(_LANDABLE):
            packed.fetch(store, key, folder / key)
    return _as_local(folder, store.location, only)


def _as_local(path: Path, location: str, only: Sequence[str]) -> Delivery:
    try:
        files, unknown = find_files(path, only)
    except LoaderError as error:
        raise LoaderError(str(error).replace(str(path), location)) from error
    return Delivery(location, files, unknown)


def _next(store: Store, only: Sequence[str], folder: Path) -> Delivery:
    """The first batch that this database has not landed from this lake; without files, if none."""
    if only:
        raise LoaderError(
            f"{store.location} is a lake, whose batches are landed whole and in order; for some"
            f" tables of one, name it: {store.location}/{manifest.key_of(1)}."
        )
    with connect() as link, link.cursor() as cursor:
        after = history.landed_from(cursor, store)
    waiting = [batch_id for batch_id in manifest.batches_in(store) if batch_id > after]
    for batch_id in waiting:
        batch = manifest.read(store, batch_id)
        if batch.landed:
            return _batch(store, batch, only, folder, more=batch_id < waiting[-1])
    return Delivery(store.location, ())


def _batch(
    store: Store, batch: Manifest, only: Sequence[str], folder: Path, *, more: bool = False
) -> Delivery:
    files = []
    source = f"{store.location}/{manifest.key_of(batch.batch_id)}"
    rows = [row for row in batch.landed if not only or row["table_name"] in only]
    if not rows:
        raise LoaderError(f"{source}: has no file{' of these tables' if only else ''} to land.")
    for row in rows:
        key = packed.key_of(row, "csv.gz")
        content = folder / f"{row['table_name']}.csv.gz"
        packed.fetch(store, key, content)
        packed.verify(lambda: content.open("rb"), f"{store.location}/{key}", row["checksum"])  # noqa: B023 - read at once
        files.append(packed_file(row, content, f"{store.location}/{key}"))
    return Delivery(source, files, more=more)
