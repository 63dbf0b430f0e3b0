"""The CSV files of the raw tables as data frames of text, for tests that cut histories."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from loaders.tables import BY_NAME, TABLES

Files = dict[str, pd.DataFrame]


def read(folder: Path, names: Iterable[str] = tuple(table.name for table in TABLES)) -> Files:
    """Read the files of some raw tables, of all nine by default; every value is text."""
    return {
        name: pd.read_csv(
            folder / BY_NAME[name].file, dtype=str, keep_default_na=False, encoding="utf-8-sig"
        )
        for name in names
    }


def write(files: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Write each frame into the file of its raw table; other files of the folder stay."""
    for name, rows in files.items():
        rows.to_csv(folder / BY_NAME[name].file, index=False)
