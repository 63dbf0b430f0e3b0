"""Objects on S3 and in a folder: whole or not at all, never written twice, errors in a sentence."""

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from conftest import Query, quiet, write_csv
from lakes import SELLERS, Lake, make_bucket
from loaders.errors import LoaderError
from loaders.lake import archiving
from loaders.lake.archive import archive
from loaders.lake.replay import replay
from loaders.land import land
from loaders.objects import open_store


@pytest.mark.parametrize("bytes_at_once", [16 << 20, 1])  # in one request, in parts
def test_a_key_that_is_taken_is_not_written(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, bytes_at_once: int
) -> None:
    monkeypatch.setattr("loaders.objects._AT_ONCE", bytes_at_once)
    store = lake.store
    content = bytes(range(256)) * (9 << 12)
    assert store.put("a/b/key", io.BytesIO(content))
    before = lake.state()
    assert not store.put("a/b/key", io.BytesIO(b"other"))
    assert lake.state() == before
    assert lake.store.read("a/b/key") == content
    assert store.sizes() == store.sizes("a") == {"a/b/key": len(content)}
    assert (store.has("a/b/key"), store.has("a/b"), store.has("c")) == (True, False, False)
    with pytest.raises(
        LoaderError, match=r"/c: (No such file or directory;|S3 answered NoSuchKey)"
    ):
        store.read("c")


def _environment(
    monkeypatch: pytest.MonkeyPatch, s3: dict[str, str], **changes: str | None
) -> None:
    for name, value in {**s3, **changes}.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"}, "cannot be reached; check AWS_ENDPOINT_"),
        ({"AWS_ACCESS_KEY_ID": None}, "no AWS credentials were found; set AWS_ACCESS_KEY_ID"),
        ({}, "missing-bucket.*: S3 answered NoSuchBucket: The specified bucket does not exist"),
    ],
)
def test_a_lake_that_cannot_be_used_is_refused_before_anything_is_landed(  # noqa: PLR0917 - fixtures
    s3: dict[str, str],
    tmp_path: Path,
    query: Query,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, str | None],
    message: str,
) -> None:
    _environment(monkeypatch, s3, **changes)
    write_csv(tmp_path / "a", "sellers", *SELLERS)
    lake = "s3://missing-bucket/x"
    uses: tuple[Callable[[], object], ...] = (
        lambda: land(tmp_path / "a", say=quiet, archiving=archiving(lake)),
        lambda: replay(lake, quiet),
        lambda: archive(lake, quiet),
    )
    for use in uses:
        with pytest.raises(LoaderError, match=message) as failure:
            use()
        assert "\n" not in str(failure.value)
        assert "secret" not in str(failure.value).replace("AWS_SECRET_ACCESS_KEY", "")
    assert query("select to_regclass('raw.sellers')") == [(None,)]


def test_credentials_that_are_not_accepted(
    s3: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _environment(monkeypatch, s3)
    bucket = make_bucket()
    # From now on the server checks who asks.
    monkeypatch.setattr("moto.settings.INITIAL_NO_AUTH_ACTION_COUNT", 0.0)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    with pytest.raises(LoaderError, match="S3 answered InvalidAccessKeyId: The AWS A") as failure:
        open_store(f"s3://{bucket}/x").sizes()
    assert "hunter2" not in str(failure.value)


@pytest.mark.parametrize("name", ["obstore", "pyarrow"])
def test_a_missing_library_is_named(name: str, database: dict[str, str], tmp_path: Path) -> None:
    code = f"""
import sys
sys.modules["{name}"] = None
from loaders.cli import main
sys.exit(main(["archive", {str(tmp_path)!r}]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"needs {name}" in done.stderr
    assert "pip install -e '.[lake]'" in done.stderr


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("gs://bucket/x", "cannot be a lake; name a folder"),
        ("s3:///x", "cannot be a lake; name a folder"),
        ("file", "/file/key: Not a directory"),
        ("missing", "/missing: No such file or directory; check the folder"),
        ("file/lake", "/file/lake: Not a directory; check the folder"),
    ],
)
def test_locations_that_are_none(
    location: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("x")
    with pytest.raises(LoaderError, match=message):
        open_store(location).put("key", io.BytesIO(b"x"))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


class _Failing(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        if self.tell() > 10 << 20:
            raise OSError(5, "the disk fails")
        return super().read(size)


@pytest.mark.parametrize("lake", ["s3"], indirect=True)
def test_an_upload_in_parts_that_fails_leaves_no_object(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loaders.objects._AT_ONCE", 1)
    with pytest.raises(LoaderError, match=r"key: .*the disk fails"):
        lake.store.put("key", _Failing(bytes(20 << 20)))
    assert not lake.store.sizes()
    bucket = lake.location.split("/")[2]
    assert "Uploads" not in boto3.client("s3").list_multipart_uploads(Bucket=bucket)
