"""``olist archive`` and ``olist land … --archive``: into the lake what landed.

Of each batch a Parquet file per table: the versions that it opened, and the rows that it removed.
``--archive`` keeps the bytes of the files too, before the batch commits: no landed row is without
the file that it came from, whatever happens next.
"""

import gzip
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import IO

import pyarrow as pa
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from pyarrow import csv, parquet

from loaders.connection import ARCHIVING, connect, exclusive
from loaders.errors import LoaderError
from loaders.lake import manifest
from loaders.lake.manifest import Row
from loaders.land import ledger
from loaders.land.copy import composed, listed
from loaders.objects import Store, explained, open_store
from loaders.sources import Delivery, SourceFile
from loaders.tables import ALL_TABLES, Table

Say = Callable[[str], None]
_BLOCK = 1 << 20  # bytes of CSV that become one row group, which is what is held in memory


def archive(location: str, say: Say = print) -> None:
    """Write every landed batch that the lake lacks; what it has is never written again.

    Raises LoaderError when the lake cannot be used or belongs to another database.
    """
    store = open_store(location, create=True)
    with connect() as link:
        _archive(link, store, say)


@contextmanager
def keep(location: str, link: Connection, delivery: Delivery, say: Say) -> Iterator[Delivery]:
    """Keep the files of a landing, which is the block, in a lake, and archive it.

    Raises LoaderError, before the block, when the lake cannot be used.
    """
    store = open_store(location, create=True)
    with link.cursor() as cursor:
        _missing(cursor, store)
    link.commit()

    def remember(cursor: Cursor, batch_id: int) -> None:
        delivery.remember(cursor, batch_id)
        _put_files(cursor, store, delivery, batch_id)

    yield replace(delivery, remember=remember)
    _archive(link, store, say)


def _archive(link: Connection, store: Store, say: Say) -> None:
    def waiting() -> None:
        say("another archive is running: waiting for it to end")

    with exclusive(link, waiting, ARCHIVING), link.cursor() as cursor:
        missing = _missing(cursor, store)
        first = {key.split("/")[1]: key for key in reversed(store.sizes("raw"))}
        for previous, batch_id in missing:
            batch = manifest.of_ledger(cursor, batch_id, previous)
            for table in _tables(cursor):
                batch.objects.extend(_put_rows(cursor, store, table, batch.batch, first))
            link.commit()
            manifest.write(store, batch)
            size = sum(entry["bytes"] for entry in batch.objects)
            say(f"  batch {batch_id}: {len(batch.objects)} tables, {size / 1e6:,.1f} MB")
    say(f"{store.location}: has every batch" if missing else f"{store.location}: nothing new")


def _missing(cursor: Cursor, store: Store) -> list[tuple[int, int]]:
    """Return landed batches that the lake lacks, each after the number of the one before it.

    Raises LoaderError when the lake is another database's, or has batches that this one lacks.
    """
    lake, raw = manifest.histories(cursor, store)
    if unknown := sorted(set(lake) - set(raw)):
        raise LoaderError(
            f"{store.location} has batch {unknown[-1]}, which this database lacks: restore it"
            " with 'olist replay', or name another folder or prefix."
        )
    pairs = zip([0, *raw], raw, strict=False)
    return [(previous, batch_id) for previous, batch_id in pairs if batch_id not in lake]


def _tables(cursor: Cursor) -> list[Table]:
    """Tables of raw with the columns that they have there, which may be more than declared."""
    columns = ledger.raw_columns(cursor)
    return [
        replace(table, columns=tuple(name for name in columns[table.name] if name[0] != "_"))
        for table in ALL_TABLES
        if table.name in columns
    ]


def _put_rows(
    cursor: Cursor, store: Store, table: Table, batch: Row, first: dict[str, str]
) -> list[Row]:
    """Put what a batch did to a table; return what the manifest says of it, nothing for nothing.

    The ``first`` file of a table may be empty: so every table has its folder and its columns.
    """
    key = f"raw/{table.name}/batch-{batch['batch_id']:08}.parquet"
    with tempfile.TemporaryFile() as lines, tempfile.TemporaryFile() as rows:
        with explained(store.location):
            cursor.copy_expert(_versions(cursor, table, batch), lines)
            if not lines.tell() and first.get(table.name, key) < key:
                return []
            count = _as_parquet(lines, table.columns, rows)
        size = rows.tell()
        rows.seek(0)
        checksum = hashlib.file_digest(rows, "sha256").hexdigest()
        if not store.put(key, rows):  # by an archive that was interrupted
            with tempfile.TemporaryFile() as found:
                if store.fetch(key, found) != checksum:
                    raise LoaderError(
                        f"{store.location}/{key} already exists, but is not what batch"
                        f" {batch['batch_id']} wrote. Remove it, or name another folder or prefix."
                    )
    first.setdefault(table.name, key)
    return [{"key": key, "table": table.name, "rows": count, "bytes": size, "sha256": checksum}]


def _versions(cursor: Cursor, table: Table, batch: Row) -> str:
    """COPY of what a batch opened and removed, in an order that is the same every time."""
    statement = composed(
        "copy (select {columns}, %(batch_id)s,"
        " to_char(%(loaded_at)s::timestamptz at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US\"Z\"'),"
        " _source_file, _until_batch_id is not distinct from %(batch_id)s from {raw} as old"
        " where _batch_id = %(batch_id)s or (_until_batch_id = %(batch_id)s and not exists"
        " (select from {raw} as new where new._batch_id = %(batch_id)s and {same}))"
        " order by {order}, _source_file, _batch_id) to stdout (format csv, encoding 'utf8')",
        columns=table.columns,
        raw=ledger.raw(table),
        same=listed("new.{0} = old.{0}", table.key, " and ") if table.key else sql.SQL("false"),
        order=listed('{} collate "C"', table.key or table.columns),
    )
    return cursor.mogrify(statement, batch).decode()


def _as_parquet(
    lines: IO[bytes], columns: tuple[str, ...], target: IO[bytes], block: int = _BLOCK
) -> int:
    """Write CSV lines as Parquet; return how many. An empty text stays one, null stays null."""
    types: dict[str, pa.DataType] = dict.fromkeys(columns, pa.string())
    types |= {"_batch_id": pa.int64(), "_loaded_at": pa.timestamp("us", "UTC")}
    types |= {"_source_file": pa.string(), "_is_removed": pa.bool_()}
    options = (
        csv.ReadOptions(use_threads=False, block_size=block, column_names=list(types)),
        csv.ParseOptions(newlines_in_values=True),
        csv.ConvertOptions(
            column_types=types,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    )
    count = 0
    try:
        with parquet.ParquetWriter(target, pa.schema(types), compression="zstd") as writer:
            size = lines.seek(0, os.SEEK_END)
            lines.seek(0)
            for rows in csv.open_csv(lines, *options) if size else ():
                writer.write_batch(rows)
                count += rows.num_rows
    except pa.ArrowInvalid as error:
        if block == _BLOCK:  # a row may be longer
            target.truncate(target.seek(0))
            return _as_parquet(lines, columns, target, 64 * _BLOCK)
        raise LoaderError(f"a row cannot be written as Parquet ({error}).") from error
    return count


def _put_files(cursor: Cursor, store: Store, delivery: Delivery, batch_id: int) -> None:
    """Put the bytes of the files that a batch has landed, under their SHA-256."""
    cursor.execute(
        "select table_name, checksum from raw._files where batch_id = %s and status = 'landed'",
        (batch_id,),
    )
    checksums: dict[str, str] = dict(cursor.fetchall())
    for file in delivery.files:
        checksum = checksums.get(file.table.name)
        key = f"files/{file.table.name}/{checksum}.csv.gz"
        if checksum and not store.has(key):
            with tempfile.TemporaryFile() as packed:
                if _pack(file, packed) != checksum:
                    raise LoaderError(
                        f"{file.name}: changed in {delivery.source} during the load; land it again."
                    )
                store.put(key, packed)


def _pack(file: SourceFile, target: IO[bytes]) -> str:
    """Compress a file; return the SHA-256 of its content. The same content gives the same bytes."""
    digest = hashlib.sha256()
    with file.open() as content, gzip.GzipFile("", "wb", 6, fileobj=target, mtime=0) as packed:
        while block := content.read(1 << 20):
            digest.update(block)
            packed.write(block)
    return digest.hexdigest()
