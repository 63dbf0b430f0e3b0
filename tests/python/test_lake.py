"""The lake, in a folder and on S3: what goes in, that it stays, and raw rebuilt from it."""

import gzip
import hashlib
import io
import json
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from psycopg2.extensions import cursor as Cursor
from pyarrow import parquet

from conftest import Query, write_csv
from lakes import Lake, assert_raw_is_as_before, s3_server, set_raw_aside
from loaders.errors import LoaderError
from loaders.lake import archive, keeping
from loaders.lake.keep import _put_files
from loaders.lake.store import Store
from loaders.land import Rules, land
from loaders.sources import Delivery

SELLERS = ("s1,01037,sao paulo,SP", "s2,20031,rio de janeiro,RJ", "s3,30000,bh,MG")
POINTS = ("01037,-23.5,-46.6,sao paulo,SP", "01037,-23.5,-46.6,sao paulo,SP")
QUOTED = 's4,"04195","a, ""b""\nc",""'


@pytest.fixture(scope="module")
def s3() -> Iterator[dict[str, str]]:
    with s3_server() as variables:
        yield variables


@pytest.fixture(params=["folder", "s3"])
def lake(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.delenv("OLIST_LAKE", raising=False)
    if request.param == "folder":
        return Lake(str(tmp_path / "lake"))
    for name, value in request.getfixturevalue("s3").items():
        monkeypatch.setenv(name, value)
    bucket = f"lake-{uuid.uuid4().hex[:8]}"
    client = boto3.client("s3")
    client.create_bucket(Bucket=bucket)
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return Lake(f"s3://{bucket}/some/prefix")


def quiet(_: str) -> None:
    pass


def history(folder: Path) -> None:
    """Land corrections, removals, repeats, A-B-A, points replaced, rejects and failures."""
    write_csv(folder / "1", "sellers", *SELLERS, QUOTED, SELLERS[0])
    write_csv(folder / "1", "geolocation", *POINTS)
    write_csv(folder / "2", "sellers", "s2,20031,niteroi,RJ", "s5,1,x,SP")
    write_csv(folder / "3", "sellers", SELLERS[0], "s2,20031,niteroi,RJ", QUOTED)
    write_csv(folder / "3", "geolocation", "20031,-22.9,-43.2,rio,RJ")
    write_csv(folder / "4", "sellers", "s6,1", "s7,1,y,SP", '"s8,1,z,SP')
    (folder / "5").mkdir()
    latin = (
        "seller_city,seller_id,seller_zip_code_prefix,seller_state,note\ns\xe3o paulo,s9,1,SP,n\n"
    )
    (folder / "5" / "olist_sellers_dataset.csv").write_bytes(latin.encode("latin-1"))
    land(folder / "1", "snapshot", say=quiet)
    land(folder / "2", say=quiet)
    land(folder / "2", say=quiet)  # unchanged
    land(folder / "1", say=quiet)  # A again
    land(folder / "3", "snapshot", say=quiet, rules=Rules(allow_removals=True))
    with pytest.raises(LoaderError):
        land(folder / "4", say=quiet)
    land(folder / "4", say=quiet, rules=Rules(max_rejects="5"))
    land(folder / "5", say=quiet, rules=Rules(encoding="latin-1"))


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


def test_a_file_that_is_gone_or_changed_is_named_and_the_rest_archived(
    lake: Lake, tmp_path: Path, query: Query
) -> None:
    gone = write_csv(tmp_path / "a", "sellers", *SELLERS)
    changed = write_csv(tmp_path / "b", "sellers", "s1,1,x,SP")
    write_csv(tmp_path / "b", "geolocation", *POINTS)
    write_csv(tmp_path / "c", "sellers", "s1,1,y,SP")
    for name in "abc":
        land(tmp_path / name, say=quiet)
    gone.unlink()
    changed.write_bytes(changed.read_bytes() + b"s2,1,x,SP\n")
    said: list[str] = []
    with pytest.raises(LoaderError, match="2 of the landed files could not be archived"):
        archive(lake.location, said.append)
    assert any("batch 1, olist_sellers_dataset.csv: its original" in line for line in said)
    assert any("batch 2, olist_sellers_dataset.csv: has changed in" in line for line in said)
    keys = lake.names()
    assert [key for key in keys if "_batches" in key] == ["_batches/batch=3.json"]
    assert any("table=geolocation/batch=2" in key for key in keys)
    set_raw_aside(query)
    with pytest.raises(LoaderError, match="lacks batch 2, which came before batch 3"):
        lake.replay()
    assert query("select to_regnamespace('raw')") == [(None,)]


def test_a_damaged_lake_is_refused_before_anything_is_written(
    lake: Lake, tmp_path: Path, query: Query
) -> None:
    write_csv(tmp_path / "a", "sellers", *SELLERS)
    write_csv(tmp_path / "b", "sellers", "s1,1,x,SP")
    land(tmp_path / "a", say=quiet)
    land(tmp_path / "b", say=quiet)
    lake.archive()
    set_raw_aside(query)
    (key,) = (key for key in lake.names() if "batch=2/" in key and key.endswith(".csv.gz"))
    good, manifest = lake.read(key), lake.read("_batches/batch=2.json")
    for content, message in (
        (None, r"is missing, though batch 2 has landed it"),
        (good[:-9], r"is damaged"),
        (gzip.compress(b"other"), r"is damaged: its content is not the one that its name tells"),
        (b"no gzip", r"is damaged"),
    ):
        lake.overwrite(key, content)
        with pytest.raises(LoaderError, match=message):
            lake.replay()
        assert query("select to_regnamespace('raw')") == [(None,)]
    lake.overwrite(key, good)
    for broken in (b"{}", manifest[:-20], lake.read("_batches/batch=1.json")):
        lake.overwrite("_batches/batch=2.json", broken)
        with pytest.raises(LoaderError, match=r"batch=2.json is (damaged|another)"):
            lake.replay()
    newer = {**json.loads(manifest), "ledger": 99}
    lake.overwrite("_batches/batch=2.json", json.dumps(newer).encode())
    with pytest.raises(LoaderError, match="newer version of olist"):
        lake.replay()
    assert query("select to_regnamespace('raw')") == [(None,)]
    lake.overwrite("_batches/batch=2.json", manifest)
    lake.replay()
    assert_raw_is_as_before(query)


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


def test_raw_that_was_changed_by_hand_is_noticed(lake: Lake, tmp_path: Path, query: Query) -> None:
    write_csv(tmp_path / "a", "sellers", *SELLERS)
    write_csv(tmp_path / "b", "sellers", SELLERS[0], "s9,1,x,SP")
    land(tmp_path / "a", say=quiet)
    query("truncate raw.sellers")
    land(tmp_path / "b", say=quiet)
    lake.archive()
    query("drop schema raw cascade")
    with pytest.raises(LoaderError, match=r"wrote 1 new, .* ledger has 2, 0, 0: raw was changed"):
        lake.replay()
    assert query("select max(batch_id) from raw._batches") == [(1,)]


def test_landing_archives_while_the_bytes_are_at_hand(
    lake: Lake, tmp_path: Path, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_csv(tmp_path / "a", "sellers", *SELLERS)
    land(tmp_path / "a", say=quiet, keeping=keeping(lake.location))
    shutil.rmtree(tmp_path / "a")
    assert lake.archive() == [f"{lake.location}: nothing new"]
    # a process that dies right after its commit: the file is there, the next archive finds it
    write_csv(tmp_path / "b", "sellers", "s1,1,x,SP")
    with monkeypatch.context() as patch:
        patch.setattr("loaders.lake.keep.archive_missing", lambda *_: [])
        land(tmp_path / "b", say=quiet, keeping=keeping(lake.location))
    assert "_batches/batch=2.json" not in lake.names()
    shutil.rmtree(tmp_path / "b")
    # and one whose batch never commits: the object stays, the batch has another content
    write_csv(tmp_path / "c", "sellers", "s1,1,y,SP")
    with monkeypatch.context() as patch:
        patch.setattr("loaders.lake.keep._put_files", _put_and_fail)
        with pytest.raises(LoaderError, match="the power is gone"):
            land(tmp_path / "c", say=quiet, keeping=keeping(lake.location))
    monkeypatch.setenv("OLIST_LAKE", lake.location)
    write_csv(tmp_path / "d", "sellers", "s1,1,z,SP")
    land(tmp_path / "d", say=quiet, keeping=keeping())
    assert [key for key in lake.names() if "_batches" in key] == [
        f"_batches/batch={number}.json" for number in range(1, 5)
    ]
    set_raw_aside(query)
    lake.replay()
    assert_raw_is_as_before(query)


def _put_and_fail(store: Store, delivery: Delivery, cursor: Cursor, batch_id: int) -> None:
    _put_files(store, delivery, cursor, batch_id)
    raise LoaderError("the power is gone")


def test_another_database_lands_what_is_new_in_a_lake(
    lake: Lake, tmp_path: Path, query: Query
) -> None:
    history(tmp_path)
    lake.archive()
    with pytest.raises(LoaderError, match=r"--table|name it"):
        land(lake.location, tables=["sellers"], say=quiet)
    said: list[str] = []
    land(lake.location, say=said.append)
    assert said == [f"{lake.location}: nothing new"]  # it is this database's own
    columns = "seller_id, seller_zip_code_prefix, seller_city, _deleted_at is null, _source_file"
    sellers = query(f"select {columns} from raw.sellers order by 1")
    query("drop schema raw cascade")
    rules = Rules(allow_removals=True, max_rejects="5")
    land(lake.location, say=quiet, rules=rules)
    assert query(f"select {columns} from raw.sellers order by 1") == sellers
    assert query("select count(*), min(status) from raw._batches") == [(6, "landed")]
    land(lake.location, say=said.append)
    assert said[1:] == [f"{lake.location}: nothing new"]
    assert query("select count(*) from raw._batches") == [(6,)]
    one = f"{lake.location}/_batches/batch=2.json"
    assert land(one, say=quiet).read == 2
