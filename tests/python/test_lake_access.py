"""A lake that cannot be used: what is said, and that nothing is landed."""

import sys
from pathlib import Path

import pytest

from conftest import Query, write_csv
from lakes import (
    SELLERS,
    make_bucket,
    quiet,
)
from loaders.errors import LoaderError
from loaders.lake import archive, keeping, replay
from loaders.land import land


@pytest.mark.parametrize(
    "case",
    [
        ({"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"}, "cannot be reached .*127.0.0.1:1"),
        ({"AWS_ACCESS_KEY_ID": ""}, "no AWS credentials were found; set AWS_ACCESS_KEY_ID"),
        ({"AWS_PROFILE": "nobody"}, r"profile \(nobody\) could not be found; check AWS_PROFILE"),
        ({}, "there is no such bucket; make it first"),
    ],
)
def test_a_lake_that_cannot_be_used_is_told_before_anything_is_landed(
    s3: dict[str, str],
    tmp_path: Path,
    query: Query,
    monkeypatch: pytest.MonkeyPatch,
    case: tuple[dict[str, str], str],
) -> None:
    variables, message = case
    for name, value in {**s3, **variables}.items():
        if value:
            monkeypatch.setenv(name, value)
        else:
            monkeypatch.delenv(name, raising=False)
    write_csv(tmp_path / "a", "sellers", *SELLERS)
    for use in (
        lambda: land(tmp_path / "a", say=quiet, keeping=keeping("s3://missing-bucket/x")),
        lambda: land("s3://missing-bucket/x", say=quiet),
        lambda: replay("s3://missing-bucket/x", quiet),
        lambda: archive("s3://missing-bucket/x", quiet),
    ):
        with pytest.raises(LoaderError, match=message) as failure:
            use()
        assert "secret" not in str(failure.value).replace("AWS_SECRET_ACCESS_KEY", "")
    assert query("select distinct status from raw._batches") == [("failed",)]


def test_credentials_that_are_not_accepted(
    s3: dict[str, str], tmp_path: Path, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3.items():
        monkeypatch.setenv(name, value)
    bucket = make_bucket()
    write_csv(tmp_path / "a", "sellers", *SELLERS)
    land(tmp_path / "a", say=quiet)
    # From now on the server looks who asks.
    monkeypatch.setattr("moto.settings.INITIAL_NO_AUTH_ACTION_COUNT", 0.0)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    with pytest.raises(LoaderError, match="does not accept these credentials") as failure:
        archive(f"s3://{bucket}/x", quiet)
    assert "hunter2" not in str(failure.value)


@pytest.mark.parametrize("name", ["boto3", "pyarrow"])
def test_a_missing_library_is_told(
    name: str, tmp_path: Path, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_csv(tmp_path / "a", "sellers", *SELLERS)
    land(tmp_path / "a", say=quiet)
    monkeypatch.setitem(sys.modules, name, None)
    for module in ("loaders.lake.s3", "loaders.lake.s3_errors", "loaders.lake.parquet"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.delattr("loaders.lake.parquet", raising=False)
    where = "s3://bucket/x" if name == "boto3" else str(tmp_path / "lake")
    with pytest.raises(LoaderError, match=rf"needs {name}, .*pip install -e '\.\[lake\]'"):
        archive(where, quiet)


def test_other_schemes_and_folders_that_cannot_be_written(
    tmp_path: Path, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_csv(tmp_path / "a", "sellers", *SELLERS)
    land(tmp_path / "a", say=quiet)
    with pytest.raises(LoaderError, match="gs:// is no lake"):
        archive("gs://bucket/x", quiet)
    with pytest.raises(LoaderError, match="names no bucket"):
        archive("s3:///x", quiet)
    (tmp_path / "file").write_text("x")
    with pytest.raises(LoaderError, match=r"cannot be used: .*check the folder"):
        archive(str(tmp_path / "file"), quiet)
