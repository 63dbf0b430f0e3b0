"""The lake, in a folder and on S3: what goes in, that it stays, and raw restored from it."""

import gzip
import hashlib
import io
import json
import os
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas
import pyarrow.dataset
import pytest
from pyarrow import fs, parquet

from conftest import Query, quiet, write_csv
from lakes import (
    QUOTED,
    SELLERS,
    Lake,
    assert_raw_is_as_before,
    history,
    set_raw_aside,
)
from loaders.connection import connect
from loaders.errors import LoaderError
from loaders.lake import archive as ARCHIVE
from loaders.lake import archiving
from loaders.land import land, land_delivery, ledger
from loaders.sources import Delivery, SourceFile
from loaders.tables import ALL_TABLES, BY_NAME, Table


@pytest.mark.parametrize("until", [None, 3])
def test_a_history_comes_back_row_for_row(
    lake: Lake, tmp_path: Path, query: Query, until: int | None
) -> None:
    history(tmp_path)
    assert query("select count(*) from raw._rejected_rows") != [(0,)]
    assert query(
        "select count(*) from raw.sellers as old where _until_batch_id is not null and not exists"
        " (select from raw.sellers as new where new.seller_id = old.seller_id"
        " and new._batch_id = old._until_batch_id)"
    ) != [(0,)]
    lake.archive()
    set_raw_aside(query)
    if until:
        lake.replay(until)
        assert query("select max(batch_id) from raw._batches") == [(until - 1,)]  # 3 is unchanged
    lake.replay()
    assert_raw_is_as_before(query)
    assert lake.replay() == [f"{lake.location}: raw is up to date"]
    # and on it goes, with the numbers, keys and indexes that a landing looks at
    indexes = "select indexdef from pg_indexes where schemaname = 'raw' order by 1"
    found = query(indexes)
    land(tmp_path / "2", say=quiet)
    assert query(indexes) == found
    assert query("select max(batch_id) from raw._batches") == [(10,)]
    assert len(lake.archive()) == 2


def _dataset(lake: Lake, table: str) -> "pyarrow.dataset.Dataset":
    """A table of the lake as a tool reads it that was given a folder's name, and no more."""
    where = f"{lake.location}/raw/{table}"
    if not where.startswith("s3://"):
        return pyarrow.dataset.dataset(where)
    system = fs.S3FileSystem(endpoint_override=os.environ["AWS_ENDPOINT_URL_S3"], scheme="http")
    return pyarrow.dataset.dataset(where.removeprefix("s3://"), filesystem=system)


def test_others_read_a_table_as_one_dataset(lake: Lake, tmp_path: Path, query: Query) -> None:
    history(tmp_path)
    land(tmp_path / "1", say=quiet, archiving=archiving(lake.location))
    for table in ALL_TABLES:  # also those that nothing was landed in have their columns
        assert set(table.columns) <= set(_dataset(lake, table.name).schema.names)
    rows = _dataset(lake, "sellers").to_table().to_pylist()
    names = [*BY_NAME["sellers"].columns, "_batch_id", "_loaded_at", "_source_file"]
    opened = [tuple(row[name] for name in names) for row in rows if not row["_is_removed"]]
    assert len(rows) > len(opened) == len(set(opened))
    assert set(opened) == set(query(f"select {', '.join(names)} from raw.sellers"))
    # what a query on the lake makes of it is what raw says
    frame = _dataset(lake, "sellers").to_table().to_pandas().sort_values("_batch_id")
    frame["_until"] = frame.groupby("seller_id")["_batch_id"].shift(-1)
    current = frame[frame["_until"].isna() & ~frame["_is_removed"]]
    assert sorted(current["seller_id"]) == [
        name
        for (name,) in query(
            "select seller_id from raw.sellers where _until_batch_id is null order by 1"
        )
    ]
    if not lake.location.startswith("s3://"):
        folder = Path(lake.location) / "raw" / "sellers"
        assert len(parquet.read_table(folder)) == len(pandas.read_parquet(folder)) == len(rows)


def test_files_are_kept_unchanged_and_rows_are_exact(
    lake: Lake, tmp_path: Path, query: Query
) -> None:
    file = write_csv(
        tmp_path / "a", "sellers", *SELLERS, QUOTED, f's5,1,"x\\.{"y" * (3 << 20)}",\\N'
    )
    content = file.read_bytes().replace(b"\n", b"\r\n")
    file.write_bytes(b"\xef\xbb\xbf" + content)
    land(tmp_path / "a", say=quiet, archiving=archiving(lake.location))
    checksum = hashlib.sha256(file.read_bytes()).hexdigest()
    packed = lake.store.read(f"files/sellers/{checksum}.csv.gz")
    assert gzip.decompress(packed) == file.read_bytes()
    assert packed[3:8] == bytes(5)  # no name, no time: the same content gives the same bytes
    manifest = json.loads(lake.store.read("batches/batch-00000001.json"))
    assert len(manifest["objects"]) == len(ALL_TABLES)
    ledgers = r"select relname from pg_class where relkind = 'r' and relname like '\_%' order by 1"
    assert sorted(manifest["tables"]) == [name for (name,) in query(ledgers)]
    for entry in manifest["objects"]:
        found = lake.store.read(entry["key"])
        assert (len(found), hashlib.sha256(found).hexdigest()) == (
            entry["bytes"],
            entry["sha256"],
        )
    set_raw_aside(query)
    lake.replay()
    assert_raw_is_as_before(query)


def test_nothing_is_written_twice(lake: Lake, tmp_path: Path, query: Query) -> None:
    write_csv(tmp_path / "a", "sellers", *SELLERS)
    land(tmp_path / "a", say=quiet)
    lake.archive()
    before = lake.state()
    assert lake.archive() == [f"{lake.location}: nothing new"]
    assert lake.state() == before
    # the mark of the batch is lost: its objects are compared, and not written
    manifest = lake.store.read("batches/batch-00000001.json")
    lake.overwrite("batches/batch-00000001.json", None)
    write_csv(tmp_path / "b", "sellers", "s1,1,x,SP")
    land(tmp_path / "b", say=quiet)
    lake.archive()
    assert lake.store.read("batches/batch-00000001.json") == manifest
    rows = {key: when for key, when in before.items() if "batches/" not in key}
    assert rows.items() <= lake.state().items()
    # something else is there
    lake.overwrite("batches/batch-00000001.json", None)
    lake.overwrite("raw/sellers/batch-00000001.parquet", b"PAR1")
    with pytest.raises(LoaderError, match="already exists, but is not what batch 1 wrote"):
        lake.archive()


def test_columns_and_tables_that_were_declared_later(
    lake: Lake, tmp_path: Path, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_csv(tmp_path / "a", "sellers", *SELLERS)
    land(tmp_path / "a", say=quiet)
    lake.archive()
    grown = replace(BY_NAME["sellers"], columns=(*BY_NAME["sellers"].columns, "seller_channel"))
    added = Table("returns", "returns.csv", ("order_id", "why"), ("order_id",))
    query("drop schema raw cascade")
    for table in (grown, added):
        monkeypatch.setitem(BY_NAME, table.name, table)
    everything = tuple(BY_NAME.values())
    monkeypatch.setattr(ARCHIVE, "ALL_TABLES", everything)
    monkeypatch.setattr(ledger.ensure_tables, "__defaults__", (everything,))
    lake.replay()
    assert query("select count(*), count(seller_channel) from raw.sellers") == [(3, 0)]
    path = write_csv(tmp_path / "b", "returns", "o1,broken")
    file = SourceFile(added, added.file, path.stat().st_size, partial(io.FileIO, path))
    with connect() as link:
        land_delivery(link, Delivery("test", [file]), say=quiet)
    lake.archive()
    set_raw_aside(query)
    lake.replay()
    assert_raw_is_as_before(query)
    assert query("select why, _batch_id from raw.returns") == [("broken", 2)]
    # a version of the project that knows less
    query("drop schema raw cascade")
    monkeypatch.delitem(BY_NAME, "returns")
    with pytest.raises(LoaderError, match="is of table returns, which this version"):
        lake.replay()


def test_no_landed_row_is_without_its_file(
    lake: Lake, tmp_path: Path, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, name in enumerate("abcd"):
        write_csv(tmp_path / name, "sellers", f"s1,1,{number},SP")
    land(tmp_path / "a", say=quiet, archiving=archiving(lake.location))

    def die(*_: object) -> None:
        raise LoaderError("the power is gone")

    # right after its commit: the file is there, the next archive does the rest; and before it
    for function, name in (("_archive", "b"), ("_put_files", "c")):
        with monkeypatch.context() as patch:
            patch.setattr(ARCHIVE, function, die)
            with pytest.raises(LoaderError, match="the power is gone"):
                land(tmp_path / name, say=quiet, archiving=archiving(lake.location))
    assert "batches/batch-00000002.json" not in lake.store.sizes()
    shutil.rmtree(tmp_path / "b")
    monkeypatch.setenv("OLIST_LAKE", lake.location)
    land(tmp_path / "d", say=quiet, archiving=archiving())
    assert [key for key in lake.store.sizes() if "batches/" in key] == [
        f"batches/batch-{number:08}.json" for number in (1, 2, 4)
    ]
    landed = query("select table_name, checksum from raw._files where status = 'landed'")
    kept = {f"files/{table}/{checksum}.csv.gz" for table, checksum in landed}
    assert kept <= set(lake.store.sizes())
    set_raw_aside(query)
    lake.replay()
    assert_raw_is_as_before(query)


def test_a_file_that_changes_while_it_is_landed(
    tmp_path: Path, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_csv(tmp_path / "a", "sellers", *SELLERS)
    lake = str(tmp_path / "lake")
    put_files = ARCHIVE._put_files

    def change(*arguments: Any) -> None:
        file.write_text(file.read_text() + "s9,1,x,SP\n")
        put_files(*arguments)

    monkeypatch.setattr(ARCHIVE, "_put_files", change)
    with pytest.raises(LoaderError, match=r"changed in .* during the load"):
        land(tmp_path / "a", say=quiet, archiving=archiving(lake))
    assert query("select status from raw._batches") == [("failed",)]
