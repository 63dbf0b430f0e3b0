"""The DuckDB file: where it is, and a connection to it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from loaders.errors import LoaderError
from loaders.paths import state_root

VARIABLE = "OLIST_DUCKDB"
_DEFAULT = "olist.duckdb"


def path() -> Path:
    """The file of the warehouse in use: that of ``OLIST_DUCKDB``, else one in the project."""
    named = os.environ.get(VARIABLE)
    return Path(named).expanduser().resolve() if named else state_root() / _DEFAULT


@contextmanager
def connect(file: Path, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection to a file, which is made where it is missing.

    Raises LoaderError when it cannot be opened, as while another process has it open.
    """
    try:
        if not read_only:
            file.parent.mkdir(parents=True, exist_ok=True)
        link = duckdb.connect(str(file), read_only=read_only)
    except (duckdb.Error, OSError) as error:
        raise LoaderError(_reason(file, error)) from error
    try:
        yield link
    finally:
        link.close()  # an open transaction is rolled back


def _reason(file: Path, error: Exception) -> str:
    text = " ".join(str(error).split())
    if "lock" in text:
        return f"{file} is open in another process; end that one, and try again."
    if isinstance(error, duckdb.IOException) and not file.exists():
        return f"{file}: no such DuckDB file; land some data, or name another in {VARIABLE}."
    return f"{file} cannot be opened ({text.split('. ')[0]}); name another file in {VARIABLE}."
