"""A landed file as Parquet: every column text, as in ``raw``, and the batch columns."""

import io
from array import array
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from csv import writer
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import csv, parquet

from loaders.errors import LoaderError
from loaders.land.ledger import Batch
from loaders.land.sieve import data_records
from loaders.sources import SourceFile

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# Bytes of CSV that become one row group, which is what is held in memory (several times) at a time;
# the larger ones are for files with rows that long.
_BLOCKS = (1 << 19, 1 << 23, 1 << 26)
_TIME = pa.timestamp("us", "UTC")
_STAMPS: tuple[tuple[str, pa.DataType], ...] = (
    ("_batch_id", pa.int64()),
    ("_loaded_at", _TIME),
    ("_source_file", pa.string()),
)
_EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class _Blocks:
    """A CSV file's rows but those of the ``rejected`` lines, some ``size`` bytes at a time."""

    file: SourceFile
    rejected: AbstractSet[int]
    size: int

    @property
    def columns(self) -> list[str]:
        """The columns that raw has, in its order, then what the file has beside them."""
        header, known = self.file.header(), self.file.table.columns
        return [
            *(name for name in known if name in header),
            *(name for name in header if name not in known),
        ]

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        columns = self.columns
        with (
            self.file.open() as stream,
            csv.open_csv(
                self._accepted(self.file.as_utf8(stream)),
                csv.ReadOptions(use_threads=False, block_size=self.size),
                csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
                csv.ConvertOptions(
                    column_types={name: pa.string() for name in columns},
                    include_columns=columns,
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=True,
                ),
            ) as reader,
        ):
            yield from reader

    def _accepted(self, stream: IO[bytes]) -> IO[bytes]:
        if not self.rejected:
            return stream
        header = io.StringIO()
        writer(header, lineterminator="\n").writerow(self.file.header())
        records = (
            record.body + b"\n"
            for record in data_records(self.file, stream)
            if record.line not in self.rejected
        )
        return io.BufferedReader(_Joined(chain((header.getvalue().encode(),), records)))


class _Joined(io.RawIOBase):
    """A stream of pieces."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer)
        self._rest = self._rest or memoryview(next(self._pieces, b""))
        count = min(len(view), len(self._rest))
        view[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


def write_parquet(
    file: SourceFile, batch: Batch, origin: str, rejected: AbstractSet[int], target: Path
) -> int:
    """Write the rows of a CSV file, in the order of ``raw``'s columns; return how many.

    Empty fields are null, quoted or not, as COPY makes them; rows of ``rejected`` lines are left
    out. Raises LoaderError where the file cannot be read as CSV.
    """
    for size in _BLOCKS:
        try:
            return _write(_Blocks(file, rejected, size), batch, origin, target)
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            reason = " ".join(str(error).split())
            if "straddling" not in reason or size == _BLOCKS[-1]:
                raise LoaderError(
                    f"{file.name}: no Parquet can be made of it ({reason})."
                ) from error
    raise AssertionError


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


def _write(blocks: _Blocks, batch: Batch, origin: str, target: Path) -> int:
    schema = pa.schema([*((name, pa.string()) for name in blocks.columns), *_STAMPS])
    microseconds = (batch.loaded_at - _EPOCH) // timedelta(microseconds=1)
    rows = 0
    with parquet.ParquetWriter(target, schema, compression="zstd") as sink:
        for block in blocks:
            stamps = (
                _numbers(batch.batch_id, pa.int64(), block.num_rows),
                _numbers(microseconds, _TIME, block.num_rows),
                _texts(origin, block.num_rows),
            )
            sink.write_batch(pa.RecordBatch.from_arrays([*block.columns, *stamps], schema=schema))
            rows += block.num_rows
    return rows


def _numbers(value: int, kind: pa.DataType, rows: int) -> "pa.Array[Any]":
    """Make a column of one value. pa.scalar and pa.array would import pandas: 60 MB."""
    content = value.to_bytes(8, "little", signed=True) * rows
    return pa.Array.from_buffers(kind, rows, [None, pa.py_buffer(content)])


def _texts(value: str, rows: int) -> "pa.Array[Any]":
    content = value.encode()
    ends = array("i", range(0, (rows + 1) * len(content), len(content)))
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(content * rows)]
    return pa.Array.from_buffers(pa.string(), rows, buffers)
