"""The two objects of a landed file: its bytes, and its rows as Parquet."""

from pathlib import Path
from types import ModuleType

from loaders.errors import LoaderError
from loaders.lake import packed
from loaders.lake.manifest import Manifest, Row
from loaders.lake.originals import pack_original, packed_file
from loaders.lake.store import Store, missing_library
from loaders.land.ledger import origin_of


def put_file(store: Store, batch: Manifest, row: Row, folder: Path) -> list[Row]:
    """Put both objects of a ``raw._files`` row; return what the manifest says of them.

    What the lake has of them already is read and compared, and not written again. Raises
    OriginalError when the file is gone or was changed.
    """
    content, table = folder / "content.csv.gz", folder / "content.parquet"
    try:
        return [
            _put_packed(store, batch, row, content),
            _put_parquet(store, batch, row, content, table),
        ]
    finally:
        content.unlink(missing_ok=True)
        table.unlink(missing_ok=True)


def parquet_writer() -> ModuleType:
    """The module that needs pyarrow. Raises LoaderError where that is not installed."""
    try:
        from loaders.lake import parquet  # noqa: PLC0415 - pyarrow is in an extra
    except ModuleNotFoundError as error:
        raise missing_library(error) from error
    return parquet


def _put_packed(store: Store, batch: Manifest, row: Row, content: Path) -> Row:
    key = packed.key_of(row, "csv.gz")
    if store.size(key) is None:
        pack_original(batch.batch["source"], row, content)
        store.put(key, content)
    else:  # put there while it was landed, or by an archive that was interrupted
        packed.fetch(store, key, content)
        packed.verify(lambda: content.open("rb"), f"{store.location}/{key}", row["checksum"])
    return _entry(key, row, content)


def _put_parquet(store: Store, batch: Manifest, row: Row, content: Path, table: Path) -> Row:
    key = packed.key_of(row, "parquet")
    where = f"{store.location}/{key}"
    writer = parquet_writer()
    rows = writer.write_parquet(
        packed_file(row, content, where),
        batch.stamp,
        origin_of(row["file_name"], row["checksum"]),
        batch.rejected(row["table_name"]),
        table,
    )
    if not store.put(key, table):
        # An archive that was interrupted put it, perhaps with another version of pyarrow.
        packed.fetch(store, key, table)
        if not writer.holds(table, rows, batch.stamp):
            raise LoaderError(
                f"{where} is in the way: it is not what batch {batch.batch_id} has landed."
                " Remove it, or name another folder or prefix."
            )
    return {**_entry(key, row, table), "rows": rows}


def _entry(key: str, row: Row, file: Path) -> Row:
    return {
        "table": row["table_name"],
        "key": key,
        "bytes": file.stat().st_size,
        "sha256": packed.sha256(file),
    }
