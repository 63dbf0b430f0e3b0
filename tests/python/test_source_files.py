"""Files where they lie: what a folder or zip has, and S3."""

import gzip
import os
import tempfile
import zipfile
from pathlib import Path

import boto3
import pytest

from bad_files import HEADER, SELLERS
from conftest import Query, write_csv
from lakes import make_bucket
from loaders.errors import LoaderError
from loaders.land import land
from loaders.sample import generate
from loaders.sources import deliver
from loaders.sources.files import find_files
from loaders.tables import TABLES


@pytest.fixture
def bucket(s3: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """Name of an empty bucket, the variables that lead there set."""
    for name, value in s3.items():
        monkeypatch.setenv(name, value)
    return make_bucket()


def upload(bucket: str, *files: Path, prefix: str = "export/") -> None:
    for file in files:
        boto3.client("s3").upload_file(str(file), bucket, prefix + file.name)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ["surprise.csv"],
            r"surprise.csv is for no known table; a file is named olist_<table>_dataset.csv"
            r" \(customers, geolocation, .*, sellers\) or product_category_name_translation.csv,"
            r" .*, invoices.csv\.$",
        ),
        (["a.csv", "b.csv"], r"does not have olist_\w+.csv or another .*; they are named olist_<"),
        ([f"data/{SELLERS.file}", "notes.txt"], r"but the folder data in it has some: name .*data"),
        (["data/notes.txt"], r"does not have olist_\w+.csv or another file of an export; they are"),
    ],
)
def test_a_folder_without_a_known_file(names: list[str], message: str, tmp_path: Path) -> None:
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x\n")
    with pytest.raises(LoaderError, match=message):
        find_files(tmp_path)


def test_a_whole_export_is_the_nine_files(tmp_path: Path) -> None:
    generate(tmp_path, 0.001)
    assert [file.table for file in find_files(tmp_path)[0]] == list(TABLES)


@pytest.mark.parametrize("kind", ["zip", "gz"])
def test_packed_files_unpack_to_their_bytes(kind: str, tmp_path: Path) -> None:
    content = HEADER.encode() + b"\n" + os.urandom(6_000_000).hex().encode()
    path = tmp_path / (f"{SELLERS.file}.gz" if kind == "gz" else "x.zip")
    if kind == "gz":
        path.write_bytes(gzip.compress(content, 1))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"a folder/{SELLERS.file}", content)
    (file,) = find_files(path)[0]
    with file.open() as one, file.open() as other:  # each from its beginning
        assert one.read(10) == other.read(10) == content[:10]
        assert one.read() == content[10:]


def test_csv_files_on_s3_land_as_those_of_a_folder(
    bucket: str, tmp_path: Path, query: Query
) -> None:
    sellers = write_csv(tmp_path, "sellers", "s1,01037,a,SP", "s2,01037,b,SP")
    packed = tmp_path / f"{write_csv(tmp_path, 'geolocation', '1,-2,-3,a,SP').name}.gz"
    packed.write_bytes(gzip.compress((tmp_path / packed.stem).read_bytes()))
    (tmp_path / "notes.csv").write_text("x\n")
    upload(bucket, sellers, packed, tmp_path / "notes.csv")
    upload(bucket, sellers, prefix="export/older/")  # not of this folder
    said: list[str] = []
    assert land(f"s3://{bucket}/export/", say=said.append).new == 3
    assert "notes.csv: left out, no raw table takes it" in said
    assert query("select source, status from raw._batches") == [(f"s3://{bucket}/export", "landed")]
    with pytest.raises(LoaderError, match=rf"s3://{bucket}/export: does not have olist_orders"):
        land(f"s3://{bucket}/export", tables=["orders"], say=lambda _: None)


def test_a_zip_and_a_file_on_s3_land(bucket: str, tmp_path: Path, query: Query) -> None:
    sellers = write_csv(tmp_path, "sellers", "s1,01037,a,SP")
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(sellers, sellers.name)
    upload(bucket, tmp_path / "x.zip", sellers)
    for name in ("x.zip", sellers.name):
        location = f"s3://{bucket}/export/{name}"
        with deliver(location) as delivery, delivery.files[0].open() as stream:
            assert stream.read() == sellers.read_bytes()
    boto3.client("s3").put_object(Bucket=bucket, Key="export/y.zip", Body=b"PK no zip")
    for location, message in (
        (f"s3://{bucket}/export/y.zip", r"/export/y.zip: cannot be read as a zip"),
        (f"s3://{bucket}/export/z.zip", "z.zip: S3 answered NoSuchKey"),
        ("s3://no-such-bucket/a", "S3 answered NoSuchBucket"),
    ):
        with pytest.raises(LoaderError, match=message) as failure, deliver(location):
            pass
        assert tempfile.gettempdir() not in str(failure.value)
    assert not list(Path(tempfile.gettempdir()).glob("olist-s3-*"))
