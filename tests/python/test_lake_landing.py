"""Landing into a lake, from a lake, and from S3."""

import gzip
import os
import shutil
import tempfile
import zipfile
from pathlib import Path

import boto3
import pytest
from loaders.rejects import Chosen
from loaders.rejects.listing import write_out
from loaders.rejects.retry import retry
from psycopg2.extensions import cursor as Cursor

from conftest import Query, write_csv
from lakes import (
    POINTS,
    SELLERS,
    Lake,
    assert_raw_is_as_before,
    history,
    make_bucket,
    quiet,
    set_raw_aside,
)
from loaders.errors import LoaderError
from loaders.lake import keeping
from loaders.lake.keep import _put_files
from loaders.lake.store import Store
from loaders.land import Rules, land
from loaders.sources import Delivery


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
    with pytest.raises(LoaderError, match="for some tables of one, name it"):
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


@pytest.fixture
def bucket(s3: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """Name of an empty bucket, the variables that lead there set."""
    for name, value in s3.items():
        monkeypatch.setenv(name, value)
    return make_bucket()


def _upload(bucket: str, *files: Path, prefix: str = "export/") -> None:
    for file in files:
        boto3.client("s3").upload_file(str(file), bucket, prefix + file.name)


def test_csv_files_on_s3_land_as_those_of_a_folder(
    bucket: str, tmp_path: Path, query: Query
) -> None:
    sellers = write_csv(tmp_path, "sellers", *SELLERS)
    packed = tmp_path / f"{write_csv(tmp_path, 'geolocation', *POINTS).name}.gz"
    packed.write_bytes(gzip.compress((tmp_path / packed.stem).read_bytes()))
    (tmp_path / "notes.csv").write_text("x\n")
    _upload(bucket, sellers, packed, tmp_path / "notes.csv")
    _upload(bucket, sellers, prefix="export/older/")  # not of this folder
    said: list[str] = []
    assert land(f"s3://{bucket}/export/", say=said.append).new == 5
    assert "notes.csv: left out, no raw table takes it" in said
    assert query("select source, status from raw._batches") == [(f"s3://{bucket}/export", "landed")]
    packed.unlink()
    assert not land(tmp_path, say=quiet).anything  # the same files
    with pytest.raises(LoaderError, match=rf"s3://{bucket}/export: does not have olist_orders"):
        land(f"s3://{bucket}/export", tables=["orders"], say=quiet)


def test_a_zip_and_a_file_on_s3_land(bucket: str, tmp_path: Path, query: Query) -> None:
    sellers = write_csv(tmp_path, "sellers", *SELLERS)
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(sellers, sellers.name)
    _upload(bucket, tmp_path / "x.zip", sellers)
    assert land(f"s3://{bucket}/export/x.zip", say=quiet).new == 3
    assert not land(f"s3://{bucket}/export/{sellers.name}", say=quiet).anything
    for name, content in (("y.zip", b"PK no zip"), (sellers.name, b"seller_id\n")):
        boto3.client("s3").put_object(Bucket=bucket, Key=f"export/{name}", Body=content)
        with pytest.raises(LoaderError, match=name) as failure:
            land(f"s3://{bucket}/export/{name}", say=quiet)
        assert "olist-scratch" not in str(failure.value)
    assert not list(Path(tempfile.gettempdir()).glob(f"olist-scratch-{os.getpid()}-*"))


def test_rejected_rows_that_were_mended_come_back(
    lake: Lake, tmp_path: Path, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLIST_LAKE", lake.location)
    write_csv(tmp_path / "a", "sellers", *SELLERS, "s7,1,x", "s8,1")
    land(tmp_path / "a", say=quiet, rules=Rules(max_rejects="5"), keeping=keeping())
    (file,) = write_out(Chosen(), tmp_path / "mended", quiet)
    file.write_text(file.read_text().replace("s7,1,x\n", "s7,1,x,SP\n"))
    retry(Chosen(), tmp_path / "mended", Rules(), quiet)
    assert query("select landed_by from raw._rejected_rows order by 1") == [(2,), (None,)]
    set_raw_aside(query)
    lake.replay()
    assert_raw_is_as_before(query)
