"""Natural keys of a file that no database has checked."""

from pathlib import Path

from pyarrow import compute, parquet

from loaders.errors import LoaderError
from loaders.sources import SourceFile


def check_keys(file: SourceFile, rows: Path) -> None:
    """Raise LoaderError when a row of a Parquet file lacks its key, or two that differ share one."""
    table = file.table
    if not table.key:
        return
    found = parquet.read_table(rows, columns=list(table.columns), memory_map=True)
    key = list(table.key)
    for name in key:
        if found[name].null_count:
            raise LoaderError(f"{file.name}: {found[name].null_count} rows have no {name}.")
    distinct = found.group_by(list(table.columns)).aggregate([])
    counted = distinct.group_by(key).aggregate([([], "count_all")])
    if counted.num_rows < distinct.num_rows:
        repeated = counted.filter(compute.greater(counted["count_all"], 1)).slice(0, 1).to_pylist()
        named = ", ".join(f"{name} {repeated[0][name]}" for name in key)
        raise LoaderError(f"{file.name}: rows that differ have the same key ({named}).")
