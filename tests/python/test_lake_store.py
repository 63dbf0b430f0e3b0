"""Objects on S3 and in a folder: whole or not at all, and never written again."""

from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from lakes import Lake
from loaders.errors import LoaderError
from loaders.lake.store import open_store


def test_a_key_that_is_taken_is_not_written(lake: Lake, tmp_path: Path) -> None:
    store = open_store(lake.location)
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
    assert store.put("a/b/key", tmp_path / "one")
    before = lake.state()
    assert not store.put("a/b/key", tmp_path / "two")
    assert lake.state() == before
    assert lake.read("a/b/key") == b"one"
    assert lake.names() == ["a/b/key"]
    assert (store.size("a/b/key"), store.size("a/b")) == (3, None)


@pytest.mark.parametrize("lake", ["s3"], indirect=True)
def test_a_large_object_is_sent_in_parts_and_appears_at_once(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loaders.lake.s3._AT_ONCE", 1 << 20)
    monkeypatch.setattr("loaders.lake.s3._PART", 5 << 20)
    content = bytes(range(256)) * (11 << 12)
    (tmp_path / "large").write_bytes(content)
    store = open_store(lake.location)
    assert store.put("large", tmp_path / "large")
    assert lake.read("large") == content
    assert not store.put("large", tmp_path / "large")
    client = store._client  # type: ignore[attr-defined]
    failure = ClientError({"Error": {"Code": "InternalError", "Message": "Oh."}}, "UploadPart")
    sent: list[int] = []

    def upload_part(**part: object) -> None:
        sent.append(1)
        raise failure

    monkeypatch.setattr(client, "upload_part", upload_part)
    with pytest.raises(LoaderError, match=r"other: S3 answered InternalError: Oh\."):
        store.put("other", tmp_path / "large")
    assert sent
    assert lake.names() == ["large"]
    bucket = lake.location.split("/")[2]
    assert "Uploads" not in boto3.client("s3").list_multipart_uploads(Bucket=bucket)


@pytest.mark.parametrize("lake", ["s3"], indirect=True)
def test_a_server_that_knows_no_conditions_is_asked_first(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(lake.location)
    client = store._client  # type: ignore[attr-defined]
    put_object = client.put_object
    refusal = ClientError({"Error": {"Code": "NotImplemented", "Message": "No."}}, "PutObject")

    def put(**request: object) -> object:
        if "IfNoneMatch" in request:
            raise refusal
        return put_object(**request)

    monkeypatch.setattr(client, "put_object", put)
    (tmp_path / "one").write_text("one")
    assert store.put("key", tmp_path / "one")
    assert not store.put("key", tmp_path / "one")
    assert len(lake.state()) == 1
