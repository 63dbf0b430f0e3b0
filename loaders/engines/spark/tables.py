"""The tables that a Spark session wrote, read without Spark."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import compute, dataset

from loaders.engines import Mart
from loaders.errors import LoaderError


def rows(home: Path, mart: Mart) -> Iterator[tuple[Any, ...]]:
    """Rows of a mart by the text of its key. Raises LoaderError where it was not built."""
    folder = home / "warehouse" / f"{mart.schema}.db" / mart.name
    if not folder.is_dir():
        raise LoaderError(
            f"{folder} is not there: build it with 'dbt build --target spark', by a session"
            " (SPARK_METHOD) on this machine."
        )
    found = dataset.dataset(folder, format="parquet").to_table(columns=list(mart.columns))
    order = compute.sort_indices(compute.cast(found[mart.key], pa.string()))
    for batch in found.take(order).to_batches():
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
