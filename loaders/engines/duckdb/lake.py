"""The batches of a lake into a DuckDB file: each with its number, time, mode and rules."""

from duckdb import DuckDBPyConnection

from loaders.engines.duckdb.land import Say, write_batch
from loaders.engines.duckdb.ledger import newest, transaction
from loaders.engines.duckdb.schema import ensure_schema
from loaders.errors import LoaderError
from loaders.lake import manifest, packed
from loaders.lake.manifest import Manifest
from loaders.lake.originals import packed_file
from loaders.lake.scratch import scratch
from loaders.lake.store import Store, open_store
from loaders.land.ledger import Counts
from loaders.sources import SourceFile


def follow(link: DuckDBPyConnection, location: str, say: Say) -> None:
    """Land the batches of a lake that the file lacks; what was landed before has to be the lake's.

    A batch is a transaction: interrupted, the next call goes on. Raises LoaderError when the lake
    is damaged or the file has batches of its own.
    """
    store = open_store(location)
    with transaction(link):
        ensure_schema(link)
        last = newest(link)
    numbers = manifest.batches_in(store)
    if last and (last not in numbers or not _same(link, store, last)):
        raise LoaderError(
            f"the DuckDB file has batches that do not come from {store.location}: name another file"
            " in OLIST_DUCKDB for it."
        )
    todo = [number for number in numbers if number > last]
    for number in todo:
        batch = manifest.read(store, number)
        if batch.previous != (last or None):
            raise LoaderError(
                f"{store.location}: lacks batch {batch.previous}, so what comes after it cannot be"
                " landed; complete it with 'olist archive'."
            )
        _land(link, store, batch, say)
        last = number
    say(f"{len(todo)} batches from {store.location}" if todo else f"{store.location}: nothing new")


def _same(link: DuckDBPyConnection, store: Store, number: int) -> bool:
    row = link.execute(
        "select epoch_us(started_at) from raw._batches where batch_id = ?", [number]
    ).fetchone()
    theirs = manifest.read(store, number).stamp.loaded_at
    found = link.execute("select epoch_us(?::timestamptz)", [theirs]).fetchone()
    return row == found


def _land(link: DuckDBPyConnection, store: Store, batch: Manifest, say: Say) -> None:
    with scratch() as folder:
        files: list[SourceFile] = []
        for row in batch.landed:
            key = packed.key_of(row, "csv.gz")
            where = f"{store.location}/{key}"
            content = folder / f"{row['table_name']}.csv.gz"
            packed.fetch(store, key, content)
            packed.verify(lambda: content.open("rb"), where, row["checksum"])  # noqa: B023 - at once
            files.append(packed_file(row, content, where))
        total = write_batch(
            link,
            batch.stamp,
            files,
            lambda _: None,
            left_out=lambda file: batch.rejected(file.table.name),
            check=lambda total: _check(batch, total),
        )
    say(f"  batch {batch.batch_id}: {batch.batch['status']}, {total}")


def _check(batch: Manifest, total: Counts) -> None:
    ours = (total.new, total.changed, total.removed)
    theirs = tuple(batch.batch[f"rows_{kind}"] or 0 for kind in ("new", "changed", "removed"))
    if ours != theirs:
        raise LoaderError(
            "batch {}: {} new, {} changed, {} removed rows where the ledger of the lake has {}, {},"
            " {}; raw was changed by hand before it.".format(batch.batch_id, *ours, *theirs)
        )
