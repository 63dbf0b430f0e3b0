"""A load of any size takes the same memory: OLIST_BIG_MB=1000 for a file of that size."""

import os
import sys
import zipfile
from pathlib import Path

import pytest

from crash import peak
from loaders.tables import BY_NAME

SIZE = int(os.environ.get("OLIST_BIG_MB", "60")) * 1_000_000
LIMIT = 100 << 10  # kilobytes
_ROW = "{number:032x},{number:032x},{zip:05},{city},SP\n"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def write_customers(folder: Path, city: str) -> Path:
    """Write a file of customers of SIZE bytes."""
    folder.mkdir()
    table = BY_NAME["customers"]
    path = folder / table.file
    with path.open("w", encoding="utf-8") as file:
        size = file.write(",".join(table.columns) + "\n")
        number = 0
        while size < SIZE:
            size += file.write(_ROW.format(number=number, zip=number % 100_000, city=city * 9))
            number += 1
    return path


def test_a_big_file_takes_no_more_memory(database: dict[str, str], tmp_path: Path) -> None:
    first = write_customers(tmp_path / "first", "santos")
    peaks = {"folder, first": peak("land", first.parent)}
    packed = tmp_path / "later.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.write(write_customers(tmp_path / "later", "campinas"), first.name)
    peaks["zip, later"] = peak("land", packed)
    peaks["folder, later"] = peak("land", first.parent)
    print(peaks)
    assert max(peaks.values()) < LIMIT
