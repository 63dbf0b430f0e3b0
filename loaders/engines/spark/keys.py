"""Natural keys of a file that no database has checked."""

from pathlib import Path

from pyarrow import compute, parquet

from loaders.errors import LoaderError
from loaders.sources import SourceFile


def check_keys(file: SourceFile, rows: Path) -> None:
    """Raise LoaderError when a row lacks its key, or two that differ share one."""
    key, columns = list(file.table.key), list(file.table.columns)
    if not key:
        return
    found = parquet.read_table(rows, columns=columns)
    names = ", ".join(key)
    if any(found[name].null_count for name in key):
        raise LoaderError(f"{file.name}: a row has an empty key ({names}); mend it.")
    distinct = found.group_by(columns).aggregate([])
    counted = distinct.group_by(key).aggregate([([], "count_all")])
    if counted.num_rows < distinct.num_rows:
        repeated = counted.filter(compute.field("count_all") > 1).slice(0, 1).to_pylist()
        values = ", ".join(repeated[0][name] for name in key)
        raise LoaderError(
            f"{file.name}: the key ({names}) = ({values}) comes more than once with different"
            " values; keep the right row."
        )
