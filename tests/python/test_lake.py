"""The lake, in a folder and on S3: what goes in, that it stays, and raw rebuilt from it."""

import gzip
import hashlib
import io
import json
import shutil
from pathlib import Path

import pytest
from pyarrow import parquet

from conftest import Query, write_csv
from lakes import (
    QUOTED,
    SELLERS,
    Lake,
    assert_raw_is_as_before,
    history,
    quiet,
    set_raw_aside,
)
from loaders.errors import LoaderError
from loaders.land import Rules, land


def test_a_history_comes_back_row_for_row(lake: Lake, tmp_path: Path, query: Query) -> None:
    history(tmp_path)
    assert query("select count(*) from raw._rejected_rows") != [(0,)]
    assert query("select count(*) from raw.sellers where _deleted_at is not null") != [(0,)]
    lake.archive()
    set_raw_aside(query)
    lake.replay()
    assert_raw_is_as_before(query)
    assert lake.replay() == [f"{lake.location}: raw has all of it"]
    # and on it goes, with the numbers, keys and statistics that a landing looks at
    land(tmp_path / "1", "snapshot", say=quiet, rules=Rules(allow_removals=True))
    assert query("select max(batch_id) from raw._batches") == [(9,)]
    assert query("select max(reject_id) from raw._rejected_rows") == query(
        "select last_value from raw._rejected_rows_reject_id_seq"
    )
    assert len(lake.archive()) == 2


def test_files_are_kept_unchanged_and_as_parquet(lake: Lake, tmp_path: Path, query: Query) -> None:
    file = write_csv(tmp_path / "a", "sellers", *SELLERS, QUOTED)
    content = file.read_bytes().replace(b"bh,MG\n", b"bh,MG\r\n")
    file.write_bytes(b"\xef\xbb\xbf" + content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    checksum = hashlib.sha256(file.read_bytes()).hexdigest()
    land(tmp_path / "a", say=quiet)
    lake.archive()
    name = f"table=sellers/batch=1/{checksum}"
    assert lake.names() == ["_batches/batch=1.json", f"{name}.csv.gz", f"{name}.parquet"]
    packed = lake.read(f"{name}.csv.gz")
    assert gzip.decompress(packed) == file.read_bytes()
    assert packed[3:8] == bytes(5)  # no name, no time: the same content gives the same bytes
    table = parquet.ParquetFile(io.BytesIO(lake.read(f"{name}.parquet"))).read()
    columns = ", ".join(table.column_names)
    assert [tuple(row.values()) for row in table.to_pylist()] == query(
        f"select {columns} from raw.sellers"
    )
    entries = json.loads(lake.read("_batches/batch=1.json"))["objects"]
    for entry in entries:
        found = lake.read(entry["key"])
        assert (len(found), hashlib.sha256(found).hexdigest()) == (
            entry["bytes"],
            entry["sha256"],
        )


def test_parquet_has_the_rows_that_landed(lake: Lake, tmp_path: Path, query: Query) -> None:
    history(tmp_path)
    lake.archive()
    for batch_id, expected in ((7, "s7"), (8, "s9")):
        (key,) = (key for key in lake.names() if f"batch={batch_id}/" in key and "parquet" in key)
        rows = parquet.ParquetFile(io.BytesIO(lake.read(key))).read().to_pylist()
        assert [row["seller_id"] for row in rows] == [expected]
        columns = ", ".join(rows[0])
        landed = query(f"select {columns} from raw.sellers where _batch_id = {batch_id}")
        assert [tuple(row.values()) for row in rows] == landed


def test_nothing_is_written_twice(lake: Lake, tmp_path: Path, query: Query) -> None:
    write_csv(tmp_path / "a", "sellers", *SELLERS)
    land(tmp_path / "a", say=quiet)
    lake.archive()
    before = lake.state()
    assert lake.archive() == [f"{lake.location}: nothing new"]
    assert lake.state() == before
    # the mark of the batch is lost: its objects are read and compared, and not written
    manifest = lake.read("_batches/batch=1.json")
    lake.overwrite("_batches/batch=1.json", None)
    shutil.rmtree(tmp_path / "a")
    kept = {key: when for key, when in lake.state().items() if "table=" in key}
    lake.archive()
    assert lake.read("_batches/batch=1.json") == manifest
    assert {key: when for key, when in lake.state().items() if "table=" in key} == kept


def test_a_replay_needs_an_empty_raw_or_goes_on(lake: Lake, tmp_path: Path, query: Query) -> None:
    for number, name in enumerate("abc"):
        write_csv(tmp_path / name, "sellers", f"s1,1,{number},SP")
        land(tmp_path / name, say=quiet)
    lake.archive()
    set_raw_aside(query)
    last = lake.read("_batches/batch=3.json")
    lake.overwrite("_batches/batch=3.json", None)
    lake.replay()
    lake.overwrite("_batches/batch=3.json", last)
    assert len(lake.replay()) == 3
    assert_raw_is_as_before(query)
    query("drop schema raw cascade")
    land(tmp_path / "b", say=quiet)
    with pytest.raises(LoaderError, match="is the lake of another raw: its batch 1"):
        lake.replay()
    with pytest.raises(LoaderError, match="is the lake of another raw: its batch 1"):
        lake.archive()
