"""A landed file as Parquet: every column text, as in ``raw``, and the batch columns."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv, parquet

from loaders.errors import LoaderError
from loaders.land.batch import Batch
from loaders.sources import SourceFile

_BLOCK = 4 << 20  # bytes of CSV that become one row group: what is held in memory at a time
_LONGEST = 64 << 20  # and of a row that is longer than that


def write_parquet(file: SourceFile, batch: Batch, origin: str, encoding: str, target: Path) -> int:
    """Write the rows of a CSV file, in the order of ``raw``'s columns; return how many.

    Empty fields are null, quoted or not, as COPY makes them. Raises LoaderError where the file
    cannot be read as CSV of that encoding.
    """
    try:
        try:
            return _write(file, encoding, _BLOCK, batch, origin, target)
        except pa.ArrowInvalid as error:
            if "straddling" not in str(error):
                raise
        return _write(file, encoding, _LONGEST, batch, origin, target)
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise LoaderError(f"{file.name}: no Parquet can be made of it ({reason}).") from error


def holds(file: Path, rows: int, batch: Batch) -> bool:
    """Whether a Parquet file has this many rows, all stamped as of this batch."""
    try:
        with parquet.ParquetFile(file) as found:
            stamps = {
                (row["_batch_id"], row["_loaded_at"])
                for read in found.iter_batches(10_000, columns=["_batch_id", "_loaded_at"])
                for row in read.slice(0, 1).to_pylist()
            }
            return found.metadata.num_rows == rows and stamps <= {(batch.batch_id, batch.loaded_at)}
    except pa.ArrowInvalid:
        return False


def _write(file: SourceFile, encoding: str, size: int, batch: Batch, origin: str, to: Path) -> int:
    header = file.header()
    columns = [name for name in file.table.columns if name in header]
    columns += [name for name in header if name not in columns]
    stamps: dict[str, Any] = {
        "_batch_id": pa.scalar(batch.batch_id, pa.int64()),
        "_loaded_at": pa.scalar(batch.loaded_at, pa.timestamp("us", "UTC")),
        "_source_file": pa.scalar(origin, pa.string()),
    }
    text = [pa.field(name, pa.string()) for name in columns]
    schema = pa.schema(text + [pa.field(name, value.type) for name, value in stamps.items()])
    rows = 0
    with parquet.ParquetWriter(to, schema, compression="zstd") as sink:
        for block in _read(file, columns, encoding, size):
            stamped = [pa.repeat(value, block.num_rows) for value in stamps.values()]
            sink.write_batch(pa.RecordBatch.from_arrays([*block.columns, *stamped], schema=schema))
            rows += block.num_rows
    return rows


def _read(
    file: SourceFile, columns: Sequence[str], encoding: str, size: int
) -> Iterator[pa.RecordBatch]:
    with (
        file.open() as stream,
        csv.open_csv(
            stream,
            csv.ReadOptions(use_threads=False, block_size=size, encoding=encoding),
            csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            csv.ConvertOptions(
                column_types={name: pa.string() for name in columns},
                include_columns=list(columns),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        ) as reader,
    ):
        yield from reader
